"""One stream connection: messages above, a Twisted transport below.

Three things are taken care of here so that no handler has to:

* *One write per read.*  While messages of one read are being delivered the connection is corked: what
  the session sends is gathered and leaves in one write.
* *Backpressure.*  A peer that does not read its replies is not read from either, and the session hears
  of it (``pause_writing``).  A session that has enough to do pauses the connection, and nothing more is
  delivered.
* *Orderly ends.*  A peer that shuts down its side is still answered.  A connection that closes before
  its peer has is half-closed first, because closing a socket with unread input makes the kernel send a
  reset, which can destroy the last reply.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from twisted.internet import error
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.framing import FramingError
from protocols.metering import counted
from protocols.peer_address import stream_peer
from protocols.session import Peer, Session
from protocols.stream_limits import BATCH, CLOSE_NOTIFY, CORK_LIMIT, LINGER, QUIET
from protocols.stream_output import StreamOutput
from protocols.stream_tapped import tapped
from protocols.stream_time import StreamTime
from protocols.stream_writer import StreamWriter

if TYPE_CHECKING:
    from protocols.stream import StreamFactory


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class StreamConnection(StreamOutput, StreamTime, Protocol):
    """One connection: a Twisted protocol below, a :class:`~protocols.session.Connection` above."""

    def __init__(self, factory: StreamFactory) -> None:
        self.factory: StreamFactory = factory
        self._decoder = factory.framing.decoder()
        self._feed: Callable[[bytes], list[bytes]] = self._decoder.feed
        self._encode = factory.framing.encode
        self._encode_all = factory.framing.encode_all
        self._seconds = factory.clock.seconds
        self._session: Session | None = None
        self._waiting: deque[bytes] | tuple[()] = ()  # a deque is large, and most never need one
        self._received_many: Callable[[Sequence[bytes], list[bytes]], None] | None = None
        self._replies: list[bytes] = []  # of a batch, not encoded yet; they go before what is gathered later
        self._gathered = bytearray()
        self._corked = False
        self._paused = False  # by the session
        self._blocked = False  # by a peer that does not read
        self._closing = False
        self._halted = False  # any of the three: deliver nothing
        self._reading = True
        self._input_over = False
        self._peer_closed = False
        self._half_closed = False
        self._end_error: Exception | None = None
        self._end_told = False
        self._draining = False
        self._pace = None
        self._opened_at = self._active_at = 0.0
        self.due: float | None = None

    def connectionMade(self) -> None:
        transport = self.transport
        assert transport is not None
        self.peer: Peer = stream_peer(transport)
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        self._writer = StreamWriter(transport, self.factory)
        self._write = self._writer.write
        self._feed = counted(self._feed, transport)
        transport.registerProducer(self, True)  # type: ignore[attr-defined]  # every stream transport has it
        self.factory.joined(self)
        self._opened_at = self._active_at = self._seconds()
        self.factory.timers.start(self, self.factory.patience(silent=True))
        if not ISSLTransport.providedBy(transport):
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        """Nothing stands between the peer and the session any more (IHandshakeListener)."""
        self._corked = True
        try:
            self._session = session = self.factory.handler.open(self)
            self._received_many = getattr(session, "received_many", None)
            session.started()
        except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
            self.fail(failure)
        self._uncork()

    def dataReceived(self, data: bytes) -> None:
        if self._closing or self._input_over:
            return
        factory = self.factory
        counts = factory.counts
        counts.bytes_in += len(data)
        self._active_at = now = self._seconds()
        try:
            messages = self._feed(data)
        except FramingError as fault:
            counts.messages += len(fault.messages)
            self._hold(fault.messages)
            self._end_input(fault)
            return
        if not messages:
            self._begin_message(len(data))
            return
        counts.messages += len(messages)
        self._pace = None
        many = self._received_many
        if factory.tap.watched:
            factory.tap.came(self.peer, messages)
            many = many and tapped(many, self, factory.tap)
        if self._halted or self._waiting:
            self._hold(messages)
        elif many is None or len(messages) > BATCH or self._corked or self._draining:
            self._deliver(messages)
        else:
            # What _deliver does, for the usual case: a few messages for a session that answers them.
            self._corked = True
            try:
                many(messages, self._replies)
            except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
                self.fail(failure)
            if now >= factory.measure_at:
                factory.measured(self._session, len(messages), now)
            self._uncork()
            if self._draining:
                self._deliver()  # the end was told while it could not be passed on

    def readConnectionLost(self) -> None:
        """The peer has shut down its side (IHalfCloseableProtocol)."""
        self._peer_closed = True
        if self._closing:
            if not self._writer.waiting:
                self._lose()
        elif not self._input_over:
            try:
                self._decoder.finish()
            except FramingError as fault:
                self._end_input(fault)
            else:
                self._end_input(None)

    def writeConnectionLost(self) -> None:
        """Our side is shut down; the peer has :data:`LINGER` seconds to follow."""
        self._half_closed = True
        self.factory.timers.start(self, LINGER)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.timers.stop(self)
        self._closing = self._halted = True
        self._waiting = ()
        gone = reason.value
        cause = gone if isinstance(gone, Exception) and not isinstance(gone, error.ConnectionDone) else None
        session, self._session = self._session, None
        # Or these and the connection would wait for the garbage collector.
        self._received_many = None
        if session is not None:
            try:
                session.closed(cause)
            except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
                self.factory.journal.failed(self.peer, failure)
        # Last: whoever waits for the last connection ends what its session may still have used.
        self.factory.left(self, cause)

    def pauseProducing(self) -> None:
        """The transport's buffer is full (IPushProducer)."""
        self._writer.hold_back()
        if not self._blocked:
            self._blocked = True
            self._halt_or_go()
            self._tell(lambda session: session.pause_writing())

    def resumeProducing(self) -> None:
        """The transport's buffer is empty again (IPushProducer)."""
        self._active_at = self._seconds()
        if self._writer.go_on():
            return  # and there is more, so it will ask again
        if self._closing:
            self._lose()
        elif self._blocked:
            self._blocked = False
            self._tell(lambda session: session.resume_writing())
            self._halt_or_go()

    def stopProducing(self) -> None: ...  # connectionLost tells the session

    def close(self) -> None:
        """Deliver what has been sent, then close."""
        if not self._closing:
            self._flush()
            self._closing = self._halted = True
            self._waiting = ()
            if not self._writer.waiting:
                self._lose()

    def fail(self, error: BaseException) -> None:
        """Log and count the handler's `error`, then close."""
        self.factory.journal.failed(self.peer, error)
        self.close()

    def reject(self, error: Exception) -> None:
        """Note that the peer sent a bad message."""
        self.factory.journal.rejected(self.peer, error)

    def pause(self) -> None:
        """Deliver nothing more until :meth:`resume`."""
        self._paused = True
        self._halt_or_go()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._paused = False
        self._halt_or_go()

    def drain(self) -> None:
        """Finish: a message that is half here may still arrive, everything before it is answered."""
        self._draining = True
        if self._session is None:
            self.close()  # its TLS handshake is not done, and may never be
        wait = self._opened_at + QUIET - self._seconds() if self._active_at == self._opened_at else 0.0
        if wait > 0:
            # It has just come, and what it has to say may be on its way.
            self.factory.clock.callLater(wait, self._end_if_drained)
        else:
            self._end_if_drained()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._closing = self._halted = True
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # ITCPTransport and TLS have it

    def _deliver(self, messages: Sequence[bytes] = ()) -> None:
        """Push what waits, or else `messages`, into the session until it wants no more."""
        session = self._session
        if session is None or self._corked:
            self._hold(messages)
            return
        received = session.received
        self._corked = True
        try:
            if messages:
                self._push(session, messages)
            while self._waiting and not self._halted:
                received(self._waiting.popleft())
            # Told to a blocked session too: one that never stops sending would never hear of it.
            if self._input_over and not (self._waiting or self._paused or self._closing or self._end_told):
                self._end_told = True
                session.ended(self._end_error)
        except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
            self.fail(failure)
        self._uncork()
        if self._draining:
            self._end_if_drained()

    def _push(self, session: Session, messages: Sequence[bytes]) -> None:
        """Push `messages` into the session: all of them, or what it takes before it wants no more."""
        many = self._received_many
        if many is None:
            unread = iter(messages)
            for message in unread:
                session.received(message)
                if self._halted:
                    self._hold(unread)
                    return
        else:
            if self.factory.tap.watched:
                many = tapped(many, self, self.factory.tap)
            for start in range(0, len(messages), BATCH):
                many(messages[start : start + BATCH], self._replies)
                if self._replies:
                    self._gather()
                    if len(self._gathered) > CORK_LIMIT:
                        self._flush()
                if self._halted:
                    self._hold(messages[start + BATCH :])
                    return
            if self._active_at >= self.factory.measure_at:
                self.factory.measured(session, len(messages), self._active_at)

    def _hold(self, messages: Iterable[bytes]) -> None:
        """Deliver `messages` later, in their order."""
        if not isinstance(self._waiting, deque):
            self._waiting = deque()
        self._waiting.extend(messages)

    def _lose(self) -> None:
        """Close once everything is sent: our side, and when the peer has closed its own, the socket."""
        transport = self.transport
        assert transport is not None
        # TLS never closes under a registered producer.
        transport.unregisterProducer()  # type: ignore[attr-defined]
        if not self._reading:
            self._reading = True
            transport.resumeProducing()  # type: ignore[attr-defined]  # every stream transport has it
        if ISSLTransport.providedBy(transport):
            transport.loseConnection()
            self.factory.timers.start(self, CLOSE_NOTIFY)
        elif self._peer_closed:
            transport.loseConnection()
        else:
            transport.loseWriteConnection()  # type: ignore[attr-defined]

    def _end_input(self, error: Exception | None) -> None:
        """Nothing more is read; once what waits is delivered, the session hears of the end."""
        self._input_over = True
        self._end_error = error
        if error is not None:
            self.factory.journal.framing_error(self.peer, error)
        self._deliver()

    def _end_if_drained(self) -> None:
        if not (self._input_over or self._waiting or self._decoder.partial or self._closing):
            self._end_input(None)

    def _halt_or_go(self) -> None:
        """One of the reasons to deliver nothing has come or gone."""
        self._halted = self._paused or self._blocked or self._closing
        if self._closing or self._input_over:
            pass  # a peer that is being got rid of is read, and not listened to
        elif self._reading and self._halted:
            self._reading = False
            self.transport.pauseProducing()  # type: ignore[union-attr]
        elif not self._reading and not self._halted:
            self._reading, self._pace = True, None  # it was not the peer who waited
            self.transport.resumeProducing()  # type: ignore[union-attr]
        if not self._halted:
            self._deliver()

    def _tell(self, call: Callable[[Session], None]) -> None:
        if self._session is not None and not self._closing:
            try:
                call(self._session)
            except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
                self.fail(failure)
