"""Streams that are taken out of the reactor: whoever takes one has a plain socket, and moves its bytes as it
likes, by a program or by the kernel.

Guards in front of a service see these connections as any others: they are built, begin, and end.
"""

from __future__ import annotations

import socket
from typing import Any, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IReactorTime, ITransport
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from protocols.connection_record import ConnectionRecord, Tell
from protocols.connections_factory import ConnectionsFactory
from protocols.journal import Journal
from protocols.peer_address import stream_host, stream_peer
from protocols.session import Peer
from protocols.stream_limits import CONNECTIONS


class Holder(Protocol):
    """Whoever has the socket of a connection now."""

    @property
    def idle(self) -> float:
        """Seconds since something moved; 0 where nobody knows."""

    def drain(self) -> None:
        """The service ends: finish what is under way."""

    def abort(self) -> None:
        """Close the connection at once; :meth:`HandedOver.over` is still called."""


class Taker(Protocol):
    """Whoever takes connections over."""

    def take(self, handed: HandedOver) -> Holder:
        """Take the socket of `handed`, and call its ``over`` once, at the end, not from in here.

        What it raises is the handler's failure, and closes the connection.
        """


class HandOverFactory(ConnectionsFactory["HandedOver"]):
    """Has `taker` take every plain stream connection it is asked to build.

    :param connections: how many may be open at a time; more are closed as they come.
    :param clock: where time comes from: a reactor.
    :param tell: hears of each connection that is over.
    """

    def __init__(
        self,
        taker: Taker,
        *,
        journal: Journal,
        clock: IReactorTime,
        connections: int = CONNECTIONS,
        tell: Tell | None = None,
    ) -> None:
        super().__init__(journal, clock, connections)
        self.taker = taker
        self.tell = tell

    def buildProtocol(self, addr: IAddress | None) -> HandedOver | None:  # type: ignore[override]
        return HandedOver(self) if self.may_build() else None


class HandedOver(TwistedProtocol):
    """One connection whose socket is somebody else's.

    .. attribute:: peer

       Who is at the other end.

    .. attribute:: local

       The host and port that the peer connected to; as in :class:`~protocols.session.Peer`.

    .. attribute:: socket

       The connection, which does not block; whoever has taken it closes it.
    """

    factory: HandOverFactory
    peer: Peer
    local: tuple[str, int]
    socket: socket.socket

    def __init__(self, factory: HandOverFactory) -> None:
        self.factory = factory
        self._holder: Holder | None = None
        self._chain: Any = None
        """What the transport takes for its protocol: the outermost of those that stand in front."""
        self._opened_at = 0.0

    def makeConnection(self, transport: ITransport) -> None:
        factory = self.factory
        self.peer = stream_peer(transport)
        self.local = stream_host(transport)
        self._opened_at = factory.clock.seconds()
        self._chain = transport.protocol  # type: ignore[attr-defined]  # every transport of a reactor has it
        self.socket = taken_out(transport)
        factory.open.add(self)
        factory.journal.opened(self.peer)
        try:
            self._holder = factory.taker.take(self)
        except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
            factory.journal.failed(self.peer, failure)
            self.socket.close()
            # Those who stand in front are not done with its beginning.
            factory.clock.callLater(0, self.over)

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return self.factory.clock.seconds() - self._opened_at

    @property
    def idle(self) -> float:
        """Seconds since something moved, as far as that is known."""
        return 0.0 if self._holder is None else self._holder.idle

    def drain(self) -> None:
        """Finish what is under way."""
        if self._holder is not None:
            self._holder.drain()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        if self._holder is not None:
            self._holder.abort()

    def over(self, reason: Exception | None = None, *, received: int = 0, sent: int | None = None) -> None:
        """The connection has ended, and its socket is closed.

        :param reason: what was wrong; ``None`` if it ended in order.
        :param received: bytes that came; those who have counted them add them to the journal themselves.
        :param sent: bytes that went out; ``None`` where nobody has counted.
        """
        if self not in self.factory.open:
            return
        self._holder = None
        chain, self._chain = self._chain, None
        factory = self.factory
        factory.journal.closed(self.peer, reason)
        factory.open.remove(self)
        if factory.tell is not None:
            why = "" if reason is None else str(reason)
            factory.tell(ConnectionRecord(self.peer, self.age, None, received, sent, why))
        if chain is not None:
            chain.connectionLost(Failure(reason or ConnectionDone()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Those who stand in front have heard that it is over; perhaps it was one of them who ended it."""
        self._chain = None
        self.abort()


def taken_out(transport: Any) -> socket.socket:
    """The socket of `transport`, which is not in the reactor any more, and will not shut it down."""
    # Not stopReading: whoever holds it back has to know that it stays so.
    transport.pauseProducing()
    handle: socket.socket = transport.getHandle()
    return socket.socket(handle.family, handle.type, handle.proto, fileno=handle.detach())
