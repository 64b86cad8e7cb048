"""One HTTP/1.1 connection to an origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.body import HELD, BodyStream
from protocols.http.routes.proxy.content import NoContent, OriginContent
from protocols.http.routes.proxy.errors import broken_off, silent, unreadable
from protocols.http.routes.proxy.response_parser import BadResponseError, ResponseHead, ResponseParser
from protocols.http.routes.proxy.tunnel import TunnelEnd, tunnel
from protocols.http.routes.proxy.upload import Upload
from protocols.http.source import Source

if TYPE_CHECKING:
    from protocols.http.routes.proxy.pool import OriginPool


class Call(Protocol):
    """Who waits for the response.  It hears one of these, once, but for :meth:`cut_off`."""

    def answered(self, head: ResponseHead, content: bytes | Source) -> None:
        """The response has begun; bytes are all of its content."""

    def switched(self, head: ResponseHead, end: TunnelEnd) -> None:
        """The origin speaks another protocol now, with whatever is connected to `end`."""

    def failed(self, error: Exception, *, unheard: bool) -> None:
        """There will be no response.

        :param unheard: whether nothing of one had come.
        """

    def cut_off(self, error: Exception) -> None:
        """The content of the response will not be whole, as its reader is told too."""


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class OriginConnection(TwistedProtocol):
    """Sends one request at a time; several, one after the other.

    Its pool hears when it is ready, idle and gone.
    """

    def __init__(self, pool: OriginPool) -> None:
        self.pool = pool
        self.used = False
        """Whether it has answered before: then it may be stale."""
        self._parser = ResponseParser(self)
        self._call: Call | None = None  # until it has been told something
        self._answered: Call | None = None  # while its content comes
        self._busy = False
        self._closed = False
        self.gone = False
        """Whether it can be used no more."""
        self._head: ResponseHead | None = None  # of a response that is under way
        self._pieces: list[bytes] = []  # of its content, before the call is told
        self._content: OriginContent | None = None
        self._whole = False
        self._upload: Upload | None = None
        self._paused = False
        self._tunnel: TunnelEnd | None = None
        self._active_at = 0.0

    # -- the pool's side -----------------------------------------------------------------------------

    def send(self, call: Call, method: str, head: bytes, body: BodyStream | None, *, upgrades: bool) -> None:
        """Send a request, of which `body` is the content; `call` hears what becomes of it."""
        self._call = call
        self._busy = True
        self._whole = False
        self._active_at = self.pool.clock.seconds()
        self._parser.expect(method, upgrades=upgrades)
        transport: Any = self.transport
        if body is None:
            transport.write(head)
        else:
            self._upload = Upload(body, transport, done=self._uploaded, moved=self._moved)
            self._upload.start(head)

    def abort(self) -> None:
        """Close at once."""
        if not self._closed:
            self._lose(Failure(ConnectionAborted()))
            transport: Any = self.transport
            transport.abortConnection()

    def close(self) -> None:
        """Close in good order: nothing is under way."""
        if not self.gone:
            self._part(Failure(ConnectionAborted()))

    def check_time(self, now: float) -> None:
        """Give up what takes too long."""
        limits, waited = self.pool.limits, now - self._active_at
        upload = self._upload
        if self._tunnel is not None:
            return
        if not self._busy:
            if waited >= limits.keep_alive:
                self.close()
        elif upload is not None and not upload.over and self._head is None:
            # It is the client who is slow, unless the origin does not read.
            if upload.paused and waited >= limits.idle:
                self._fail(silent("it does not read the request"))
        elif self._head is None:
            if waited >= limits.timeout:
                self._fail(silent("it did not answer in time"))
        elif not self._paused and waited >= limits.idle:
            self._fail(silent("its response stands still"))

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        self._active_at = self.pool.clock.seconds()
        transport: Any = self.transport
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)

    def handshakeCompleted(self) -> None:
        self.pool.secured(self)

    def dataReceived(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.dataReceived(data)
            return
        if not self._busy:
            # Nothing was asked: whatever this is, it must not be taken for an answer to the next request.
            self.abort()
            return
        self._active_at = self.pool.clock.seconds()
        try:
            rest = self._parser.feed(data)
        except BadResponseError as error:
            self._fail(unreadable(str(error)))
            return
        if self._call is not None and self._head is not None:
            self._tell(self._head, rest)
        elif self._whole:
            self._finish()

    def readConnectionLost(self) -> None:
        """The origin has shut down its side, which says no more than closing (IHalfCloseableProtocol)."""
        if self._tunnel is not None:
            self._tunnel.readConnectionLost()
        elif not self.gone:
            self._part(Failure(ConnectionDone()))

    def writeConnectionLost(self) -> None:
        """A tunnel did that."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closed = True
        self._lose(reason)

    # -- the parser's side ---------------------------------------------------------------------------

    def head(self, head: ResponseHead) -> None:
        self._head = head

    def piece(self, piece: bytes) -> None:
        content = self._content
        if content is None:
            self._pieces.append(piece)
            return
        content.feed(piece)
        if content.held >= HELD and not self._paused and not self.gone:
            self._paused = True
            self.transport.pauseProducing()  # type: ignore[union-attr]  # every stream transport has it

    def end(self) -> None:
        self._whole = True

    # -- the content's side (Inflow) -----------------------------------------------------------------

    def wanted(self) -> None:
        """It comes anyway."""

    def taken(self, size: int) -> None:
        if self._paused and not self.gone:
            self._paused = False
            self._active_at = self.pool.clock.seconds()
            self.transport.resumeProducing()  # type: ignore[union-attr]  # every stream transport has it

    def left(self) -> None:
        if self._content is not None and not self._whole:
            self.abort()

    # -- what becomes of the request -----------------------------------------------------------------

    def _tell(self, head: ResponseHead, rest: bytes) -> None:
        """The call hears of the response."""
        call, self._call = self._call, None
        assert call is not None
        pieces, self._pieces = self._pieces, []
        if head.switches:
            self._switch(call, head, rest)
        elif self._whole:
            # First: the answer may bring the next request, which can have this connection then.
            self._finish()
            if head.empty and head.length != 0:
                call.answered(head, NoContent(head.length))
            else:
                call.answered(head, pieces[0] if len(pieces) == 1 else b"".join(pieces))
        else:
            self._answered = call
            content = self._content = OriginContent(self, head.length)
            if head.length is None:
                # It may be a stream that begins with a silence; its head is not to wait for that.
                content.feed(b"")
            for piece in pieces:
                content.feed(piece)
            call.answered(head, content)

    def _switch(self, call: Call, head: ResponseHead, rest: bytes) -> None:
        near, far = tunnel()
        self._tunnel = far
        transport: Any = self.transport
        transport.pauseProducing()  # until there is a client to write to
        far.makeConnection(transport)
        if rest:
            far.dataReceived(rest)
        call.switched(head, near)

    def _finish(self) -> None:
        """The response is whole."""
        head, content, upload = self._head, self._content, self._upload
        assert head is not None
        self._busy = False
        self._head = self._content = self._upload = self._answered = None
        if content is not None:
            content.finish()
        sent = upload is None or upload.over
        if not sent:
            assert upload is not None
            upload.stop()
        if self.gone:
            return
        if sent and head.keeps and not self._parser.surplus:
            self.used = True
            self._active_at = self.pool.clock.seconds()
            self.taken(0)
            self.pool.released(self)
        elif sent:
            self.close()
        else:
            self.abort()

    def _moved(self) -> None:
        self._active_at = self.pool.clock.seconds()

    def _uploaded(self, error: BaseException | None) -> None:
        if error is not None:
            self._fail(error if isinstance(error, Exception) else broken_off(repr(error)))

    def _fail(self, error: Exception) -> None:
        """Give up: the response, if one has begun, is not whole."""
        if self.gone:
            return
        transport: Any = self.transport
        self._lose(Failure(error))
        transport.abortConnection()

    def _part(self, reason: Failure) -> None:
        """Close in good order, with what is still to be sent and TLS's last words; the pool sees to it that
        this comes to an end."""
        transport: Any = self.transport
        self._lose(reason)
        self.pool.parting(self)
        transport.loseConnection()

    def _lose(self, reason: Failure) -> None:
        """The connection is gone, or is not to be used again."""
        if self.gone:
            return
        self.gone = True
        call, self._call = self._call, None
        if self._upload is not None:
            self._upload.stop()
        self.pool.lost(self, reason)
        if self._tunnel is not None:
            self._tunnel.connectionLost(reason)
        elif call is not None:
            call.failed(_cause(reason), unheard=not self._parser.begun)
        elif self._content is not None and not self._whole:
            head = self._head
            if head is not None and head.until_close and reason.check(ConnectionDone):
                self._content.finish()
            else:
                error = _cause(reason)
                if self._answered is not None and not reason.check(ConnectionAborted):
                    self._answered.cut_off(error)  # it was not we who did that
                self._content.fail(error)


def _cause(reason: Failure) -> Exception:
    """What to tell of a connection that ended because of `reason`."""
    error = reason.value
    if isinstance(error, ConnectionDone):
        return broken_off("it closed the connection before its response was whole")
    if reason.check(OSError) or type(error).__module__.startswith(
        ("twisted.", "OpenSSL.", "service_identity.")
    ):
        return broken_off(f"{type(error).__name__}: {error}")
    assert isinstance(error, Exception)
    return error
