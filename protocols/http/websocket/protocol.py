"""One open WebSocket: messages above, a Twisted transport below.

* *One write per read.*  What a listener sends while the messages of one read are delivered is gathered, pongs
  included, and leaves in one write.
* *Backpressure.*  A peer that does not read is not read from either, so that neither its messages nor its
  pings can make us hold more than one read's worth of answers.
* *Orderly ends.*  A peer's Close is answered once its messages are.  The connection is half-closed first,
  because closing a socket with unread input makes the kernel send a reset, which can destroy the Close.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IHalfCloseableProtocol,
    IPushProducer,
    ISSLTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from websockets.extensions import Extension
from websockets.frames import CLOSE, PING, PONG, TEXT, Close, Opcode
from zope.interface import implementer

from protocols.http.websocket.codes import (
    ABNORMAL,
    GOING_AWAY,
    INTERNAL_ERROR,
    NORMAL,
    POLICY_VIOLATION,
    close_for,
    payload_of,
)
from protocols.http.websocket.frame_writer import FrameWriter
from protocols.http.websocket.listener import Listener
from protocols.http.websocket.messages import Event, MessageReader, WebSocketError
from protocols.http.websocket.output import WebSocketOutput
from protocols.http.websocket.watch import Watch
from protocols.message_pace import MessagePace
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.websocket.endpoint import Endpoint

COMPRESSED_PIECE: Final = 4 * 1024
"""Compressed bytes that are read before what is in them is delivered: deflate makes up to a thousand times
as much of them, and a whole read of that would be 64 MiB."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class WebSocketProtocol(WebSocketOutput, Protocol):
    """The server's side of a WebSocket whose handshake is done.

    It is the :class:`~protocols.http.websocket.Channel` of its listener.

    :param extensions: those that were agreed on.
    """

    request_id = ""
    """That of the request which it came from."""

    def __init__(
        self,
        endpoint: Endpoint,
        listener: Listener,
        peer: Peer,
        *,
        subprotocol: str | None = None,
        extensions: Sequence[Extension] = (),
    ) -> None:
        self.peer = peer
        self.subprotocol = subprotocol
        self.listener = listener
        self.blocked = False
        """Whether the peer does not read what was written."""
        self._pace: MessagePace | None = None
        self._late = 0
        self.reading = True
        """Whether the peer is read from."""
        self.shut = False
        """Whether nothing more is written, and the connection is on its way to its end."""
        self.close_sent: Close | None = None
        self._endpoint = endpoint
        self._extensions = extensions
        self._reader = MessageReader(endpoint.settings.limit, extensions)
        self._writer: FrameWriter
        self._waiting: deque[Event] = deque()
        """What has been read and not been delivered."""
        self._unread = b""
        """What has come and not been looked at."""
        self._delivering = False
        self._paused = False  # by the listener
        self._draining = False
        self._end_told = False
        self._input_lost = False
        self._half_closed = False
        self._watch = Watch(self, endpoint)
        self._error: Exception | None = None

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._writer = FrameWriter(transport, self._extensions, self._endpoint.journal, self.peer)
        self._count: Callable[[int], None] | None = getattr(transport, "count_messages", None)
        transport.registerProducer(self, True)
        self._watch.set()
        self._tell(lambda: self.listener.opened(self))

    def dataReceived(self, data: bytes) -> None:
        self._watch.heard()
        if not self.reading:
            # The HTTP connection may have had reasons of its own to stop and go on.
            self.transport.pauseProducing()  # type: ignore[union-attr]  # every stream transport has it
        if not self.shut:
            self._unread = self._unread + data if self._unread else data
            self._deliver()
            self._check_pace(len(data))

    def _check_pace(self, size: int) -> None:
        """Give up a message that comes too slowly; what waits for us does not count."""
        if self.shut or self._unread or not (self._reader.partial and self.reading):
            self._pace = None
            return
        now, settings = self._endpoint.clock.seconds(), self._endpoint.settings
        self._pace = self._pace or MessagePace(now)
        if self._pace.is_too_slow(size, now, settings.message_time):
            self._break_off(WebSocketError(POLICY_VIOLATION, "the message took too long to come"))

    def readConnectionLost(self) -> None:
        """The peer sends nothing more; without a Close that is no orderly end (IHalfCloseableProtocol).

        It may be told again, whenever reading is resumed.
        """
        self._input_lost = True
        if self.shut:
            self.transport.loseConnection()  # type: ignore[union-attr]  # there is one
        else:
            self._deliver()

    def writeConnectionLost(self) -> None:
        """Our side is shut down; the peer has a moment to follow (IHalfCloseableProtocol)."""
        self._half_closed = True
        self._watch.linger()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._watch.stop()
        self.shut = True
        self._waiting.clear()
        self._unread = b""
        said = self._reader.close or self.close_sent
        code, text = (ABNORMAL, "") if said is None else (int(said.code), said.reason)
        error = self._error
        if error is None and (self._reader.close is None or self.close_sent is None):
            error = reason.value if isinstance(reason.value, Exception) else None
        try:
            self.listener.closed(code, text, error)
        except BaseException as failure:  # noqa: BLE001 - whatever a listener raises ends here
            self._endpoint.journal.failed(self.peer, failure, request=self.request_id)

    def pauseProducing(self) -> None:
        """The transport's buffer is full (IPushProducer)."""
        if not self.blocked:
            self.blocked = True
            self._read_or_not()
            self._watch.changed()
            self._tell(self.listener.pause_writing)

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again (IPushProducer)."""
        if self.blocked:
            self.blocked = False
            self._watch.changed()
            self._tell(self.listener.resume_writing)
            self._read_or_not()
            self._deliver()

    def stopProducing(self) -> None:
        """The transport is gone (IPushProducer); ``connectionLost`` tells the listener."""

    # -- the listener's side (Channel) ---------------------------------------------------------------

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        close = close_for(code, reason)
        if self.close_sent is not None or self.shut:
            return
        asked = self._reader.close if self._end_told else None
        if asked is not None:
            close = asked
        elif self._draining and code == NORMAL:
            close = Close(GOING_AWAY, reason)
        self._say(close)
        if asked is not None:
            self.finish()
        else:
            self._watch.expect_close()
            self._read_or_not()
            self._deliver()

    def abort(self) -> None:
        self.shut = True
        self.transport.abortConnection()  # type: ignore[union-attr]  # every stream transport has it

    def pause(self) -> None:
        self._paused = True
        if not self.shut:
            self._read_or_not()

    def resume(self) -> None:
        self._paused = False
        if not self.shut:
            self._read_or_not()
            self._deliver()

    def fail(self, error: BaseException) -> None:
        self._endpoint.journal.failed(self.peer, error, request=self.request_id)
        if self._error is None and isinstance(error, Exception):
            self._error = error
        self.close(INTERNAL_ERROR)

    # -- the service's side --------------------------------------------------------------------------

    def drain(self) -> None:
        """Finish: a message that is half here may still arrive, everything before it is answered."""
        self._draining = True
        self._deliver()

    # -- the watch's side ----------------------------------------------------------------------------

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._writer.write(PING, b"")

    def give_up(self) -> None:
        """The peer gives no sign of life: say so, and do not wait for it."""
        settings = self._endpoint.settings
        self._endpoint.journal.idle(self.peer, settings.ping + settings.pong_timeout)
        self._error = TimeoutError("no answer to a ping")
        self._say(Close(INTERNAL_ERROR, str(self._error)))
        self.finish()

    def finish(self) -> None:
        """Nothing more is said: close once everything is sent, with time for the peer to read it."""
        self._writer.flush()
        self.shut = True
        self._watch.finish()
        self._read_or_not()
        transport: Any = self.transport
        transport.unregisterProducer()  # TLS never closes under one
        half = IHalfCloseableDescriptor.providedBy(transport) and not ISSLTransport.providedBy(transport)
        if half and not self._input_lost:
            transport.loseWriteConnection()
        else:
            transport.loseConnection()

    def leave(self) -> None:
        """The peer has had its time after the connection was closed on it."""
        if self._half_closed:
            # An orderly close: what the kernel holds for the peer still reaches it.
            self.transport.loseConnection()  # type: ignore[union-attr]  # there is one
        else:
            self.abort()

    # -- delivering ----------------------------------------------------------------------------------

    def _deliver(self) -> None:
        """Read what has come, and push it into the listener until it wants no more."""
        if self._delivering or self.shut:
            return
        self._delivering = True
        outermost = self._writer.cork()
        while not self.shut and self._go_on():
            pass
        self._delivering = False
        if outermost:
            self._writer.uncork()

    def _go_on(self) -> bool:
        """Take the next step, and say whether there may be another."""
        if self._waiting:
            return self._pass_on()
        if self._unread and self._wants_input:
            size = COMPRESSED_PIECE if self._extensions else len(self._unread)
            piece, self._unread = self._unread[:size], self._unread[size:]
            events = self._reader.feed(piece)
            if events:
                self._pace = None
            self._waiting.extend(events)
            return True
        if self._reader.fault is not None:
            self._break_off(self._reader.fault)
        elif self._reader.close is not None:
            self._end(self._reader.close)
        elif self._draining and not (self._unread or self._reader.partial):
            self._end(None)
        elif self._input_lost and not self._unread:
            self.finish()
        return False

    @property
    def _wants_input(self) -> bool:
        """Whether what the peer sends is looked at; after our Close, to find its own."""
        return self.shut or self.close_sent is not None or not (self._paused or self.blocked)

    def _pass_on(self) -> bool:
        """Deliver one event, or as many messages as the listener takes at once."""
        waiting = self._waiting
        opcode, data = waiting[0]
        if opcode is PING:
            waiting.popleft()
            if self.close_sent is None:
                self._writer.write(PONG, data)
        elif opcode is PONG or opcode is CLOSE or self.close_sent is not None or self._end_told:
            waiting.popleft()
        elif self._paused or self.blocked:
            return False
        else:
            self._pass_messages(opcode)
        return True

    def _pass_messages(self, kind: Opcode) -> None:
        waiting = self._waiting
        batch = self.listener.batch
        messages = [waiting.popleft()[1]]
        while waiting and waiting[0][0] is kind and len(messages) < batch:
            messages.append(waiting.popleft()[1])
        self._endpoint.came(self.peer, messages)
        if self._count is not None:
            self._count(len(messages))
        try:
            self.listener.received(messages, kind is TEXT)
        except BaseException as failure:  # noqa: BLE001 - whatever a listener raises ends here
            self.fail(failure)

    def _end(self, asked: Close | None) -> None:
        """The peer has sent its Close, or the service stops, and everything before is delivered."""
        if self.close_sent is not None:
            if asked is not None:
                self.finish()
        elif not (self._paused or self._end_told):
            self._end_told = True
            if asked is None:
                self._tell(lambda: self.listener.ended(GOING_AWAY, ""))
            else:
                self._watch.expect_close()
                self._tell(lambda: self.listener.ended(int(asked.code), asked.reason))

    def _break_off(self, fault: WebSocketError) -> None:
        """The peer breaks the protocol, and everything before is delivered."""
        self._error = self._error or fault
        self._endpoint.journal.framing_error(self.peer, fault)
        if self.close_sent is None:
            self._say(close_for(fault.code, fault.reason))
        self.finish()

    def _tell(self, call: Callable[[], None]) -> None:
        outermost = self._writer.cork()
        try:
            call()
        except BaseException as failure:  # noqa: BLE001 - whatever a listener raises ends here
            self.fail(failure)
        if outermost:
            self._writer.uncork()

    # -- writing and reading -------------------------------------------------------------------------

    def _say(self, close: Close) -> None:
        self._writer.write(CLOSE, payload_of(close))
        self.close_sent = close

    def _read_or_not(self) -> None:
        if (wanted := self._wants_input) is self.reading:
            return
        self.reading = wanted
        transport: Any = self.transport
        if wanted:
            self._watch.changed()
            transport.resumeProducing()
        else:
            transport.pauseProducing()
