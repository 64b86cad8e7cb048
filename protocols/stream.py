"""Messages over TCP, TLS and Unix sockets: one factory for any framing and any handler."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from twisted.internet.interfaces import IAddress, IReactorTime, ITransport

from protocols.connection_record import Tell
from protocols.connections_factory import ConnectionsFactory
from protocols.framing import Framing
from protocols.journal import Journal
from protocols.latency import PERIOD
from protocols.made_once import MadeOnce
from protocols.peer_address import stream_peer
from protocols.session import Handler
from protocols.stream_connection import StreamConnection
from protocols.stream_duplex import DuplexStreamConnection
from protocols.stream_limits import CONNECTIONS, FIRST_BYTE, IDLE, MESSAGE_TIME, OUTPUT
from protocols.stream_recorded import RecordedStreamConnection
from protocols.stream_timers import Timers


class StreamFactory(ConnectionsFactory[StreamConnection]):
    """Serves `handler` over every stream connection it is asked to build, framed by `framing`.

    One factory serves all the stream addresses of a service, plain, wrapped in TLS or on Unix sockets.

    :param idle: seconds without a byte in either direction before a connection is closed; 0 for never.
    :param first_byte: seconds before one is closed on which nothing was ever said; 0 for as long as `idle`.
    :param message_time: seconds in which a message has to come whole that has begun (see
        :data:`~protocols.stream_limits.MESSAGE_TIME`); 0 for never.
    :param output: bytes that may be said to a peer that does not read before it is cut off.
    :param connections: how many may be open at a time; more are closed as they come.
    :param clock: where time comes from: a reactor.
    :param tell: hears of each connection that is over.
    """

    def __init__(
        self,
        handler: Handler,
        framing: Framing,
        *,
        journal: Journal,
        clock: IReactorTime,
        idle: float = IDLE,
        connections: int = CONNECTIONS,
        first_byte: float = FIRST_BYTE,
        message_time: float = MESSAGE_TIME,
        output: int = OUTPUT,
        tell: Tell | None = None,
    ) -> None:
        super().__init__(journal, clock, connections)
        self.handler = handler
        self.framing = framing
        self.idle = idle
        self.first_byte = first_byte
        self.message_time = message_time
        self.output = output
        self.timers = Timers(clock)
        self.counts = journal.counts
        self.tap = journal.tap
        self.measure_at = 0.0
        """The time from which on the next answer is measured."""
        self._tell = tell
        self._encoded = MadeOnce(self._encode)

    def buildProtocol(  # type: ignore[override]  # a protocol that knows its factory by its own class
        self, addr: IAddress | None
    ) -> DuplexStreamConnection | None:
        if not self.may_build():
            return None
        if self._tell is not None:
            return RecordedStreamConnection(self, self._tell)
        return DuplexStreamConnection(self)

    def patience(self, *, silent: bool) -> float:
        """Seconds that a connection may say and hear nothing.

        :param silent: whether nothing was ever said on it.
        """
        idle = self.idle or inf
        return min(idle, self.first_byte or inf) if silent else idle

    def joined(self, connection: StreamConnection) -> None:
        self.open.add(connection)
        self.journal.opened(connection.peer)

    def left(self, connection: StreamConnection, reason: Exception | None) -> None:
        self.journal.closed(connection.peer, reason)
        self.open.remove(connection)

    def encoded(self, messages: Sequence[bytes]) -> bytes:
        """The bytes that carry `messages`, which many connections send one after the other: the same list is
        encoded once.  Raises :class:`ValueError`."""
        found = self._encoded.of(messages)
        if isinstance(found, str):
            raise ValueError(found)
        return found

    def _encode(self, messages: Sequence[bytes]) -> bytes | str:
        """The bytes, or what is wrong with them."""
        try:
            return self.framing.encode_all(messages)
        except ValueError as fault:
            return str(fault)

    def measured(self, session: object, number: int, begun: float) -> None:
        """`session` was given so many messages at the time `begun`, and has done now what it does at once."""
        self.measure_at = begun + PERIOD
        if not getattr(session, "busy", False):  # else answers come later, and are measured then
            self.journal.latency.observe((self.clock.seconds() - begun) / number, number)

    def choked(self, transport: ITransport, unread: int) -> None:
        """A peer does not read, and its session goes on (OutputLimit)."""
        self.journal.choked(stream_peer(transport), unread)
        transport.abortConnection()  # type: ignore[attr-defined]  # ITCPTransport and TLS have it
