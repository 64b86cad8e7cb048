"""What serves one service: a factory for its streams, a protocol for each of its datagram sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    ITransport,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import alsoProvides

from protocols.daemon.fairness import Fairness
from protocols.daemon.service_tls import ServiceTLS
from protocols.datagram import DatagramServer
from protocols.guard import ProxyProtocolFactory
from protocols.guard.access import Access, Refusal
from protocols.handlers.program.wait import WaitingProgram
from protocols.journal import Journal
from protocols.open_connection import OpenConnection
from protocols.peer_address import stream_peer
from protocols.roster import Roster
from protocols.session import Peer
from protocols.tap import Direction
from protocols.wire_silence import silence

Stop = Callable[[], Deferred[None] | None]
"""Ends something; a Deferred fires when that has ended."""

Start = Callable[[], Deferred[None]]
"""Readies something; the Deferred fires when that is done, or fails."""


class Drainable(Protocol):
    """A factory that knows its connections."""

    @property
    def open_connections(self) -> int:
        """How many there are now."""

    def retire(self) -> Deferred[None]:
        """Something else serves who comes from now on: go on with the connections there are, and those that
        are on their way; fires when there is none."""

    def connections(self) -> Iterator[OpenConnection]:
        """Those that are open now, each the same object whenever it is asked for; they may end meanwhile."""

    def drain(self) -> Deferred[None]:
        """Let every connection finish; fires when the last is gone."""

    def abort(self) -> None:
        """Close every connection at once."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may come in to a service, whatever carries them."""

    access: Access
    refusal: Refusal = "close"
    """How a connection is refused."""
    passes: Container[str] | None = None
    """Hosts that speak for others, about whom requests say more: proxies in front of HTTP."""
    by_request: bool = False
    """Whether it is requests that know users, as those of HTTP do."""

    @property
    def rules_of_requests(self) -> Access | None:
        """Rules that decide about each request anew: its connection does not know its user, nor for whom a
        proxy speaks, and may outlast the hour."""
        access = self.access
        return access if self.passes is not None or access.asks_who or access.asks_when else None


@dataclass(slots=True)
class Carriers:
    """The parts of one service that meet the network."""

    journal: Journal
    stream: IProtocolFactory | None = None
    """Serves its streams; also :class:`Drainable`."""
    datagram: Callable[[], DatagramServer] | None = None
    """Makes what serves one of its datagram sockets."""
    tls: ServiceTLS | None = None
    """For the addresses that speak TLS."""
    stops: list[Stop] = field(default_factory=list)
    """What has to be ended after the last connection."""
    rotates: list[Callable[[], None]] = field(default_factory=list)
    """What begins a new file of each of its logs."""
    starts: list[Start] = field(default_factory=list)
    """What has to be ready before the first connection; called once the reactor runs."""
    privileged: list[Callable[[], None]] = field(default_factory=list)
    """What is called once, if at all, while the process may still be root, before it becomes another."""
    waiting: WaitingProgram | None = None
    """Has the sockets themselves, in place of what serves them."""
    proxy_header: Callable[[IProtocolFactory], ProxyProtocolFactory] | None = None
    """Wraps what serves those who stand behind load balancers; without it, nobody does."""
    gate: Gate | None = None
    """Who may come in; without it, everybody."""
    fairness: Fairness | None = None
    """How much each source may have; without it, as much as it likes."""


class ForeignConnection(ProtocolWrapper):
    """A protocol of the user's, which hears the same of its transport as if nothing stood between.

    Transports ask what interfaces a protocol provides; those of the inner one are ours too.
    """

    factory: ForeignFactory

    def makeConnection(self, transport: ITransport) -> None:
        self._opened_at = time.monotonic()
        super().makeConnection(transport)
        # Afterwards, because the wrapper puts the transport's interfaces in the place of all others.
        for interface in (IHalfCloseableProtocol, IHandshakeListener):
            if interface.providedBy(self.wrappedProtocol):
                alsoProvides(self, interface)

    def dataReceived(self, data: bytes) -> None:
        self._passes("in", data)
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        self._passes("out", data)
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        pieces = list(data)
        self._passes("out", *pieces)
        super().writeSequence(pieces)

    def _passes(self, direction: Direction, *pieces: bytes) -> None:
        """Count `pieces`, and show them to who watches: which of it is a message, only the protocol knows."""
        journal = self.factory.journal
        size = sum(map(len, pieces))
        if direction == "in":
            journal.counts.bytes_in += size
        else:
            journal.counts.bytes_out += size
        if journal.tap.watched:
            journal.tap.passed(self.peer, direction, b"".join(pieces))

    def readConnectionLost(self) -> None:
        """The peer has shut down its side (IHalfCloseableProtocol)."""
        IHalfCloseableProtocol(self.wrappedProtocol).readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol)."""
        IHalfCloseableProtocol(self.wrappedProtocol).writeConnectionLost()

    def handshakeCompleted(self) -> None:
        """The TLS handshake is done (IHandshakeListener)."""
        IHandshakeListener(self.wrappedProtocol).handshakeCompleted()

    # -- as an OpenConnection ------------------------------------------------------------------------

    @property
    def peer(self) -> Peer:
        assert self.transport is not None
        return stream_peer(self.transport)

    @property
    def age(self) -> float:
        return time.monotonic() - self._opened_at

    @property
    def idle(self) -> float:
        return silence(self.transport)

    def abort(self) -> None:
        self.abortConnection()


class ForeignFactory(WrappingFactory[ForeignConnection]):
    """A plain Twisted factory of the user's, whose connections are counted so that they can be waited for.

    Nobody outside knows when such a protocol has finished, so draining leaves its connections to
    themselves; the deadline ends them.
    """

    noisy = False
    protocol: type[ForeignConnection] = ForeignConnection

    def __init__(self, factory: IProtocolFactory, journal: Journal, connections: int) -> None:
        super().__init__(factory)
        self.journal = journal
        self._limit = connections
        self._open: Roster[ForeignConnection] = Roster()

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        if len(self._open) >= self._limit:
            self.journal.refused(f"{self._limit} are open")
            return None
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def connections(self) -> Iterator[OpenConnection]:
        return iter(self._open)

    def registerProtocol(self, p: ForeignConnection) -> None:
        super().registerProtocol(p)
        self._open.add(p)
        self.journal.counts.connections += 1

    def unregisterProtocol(self, p: ForeignConnection) -> None:
        super().unregisterProtocol(p)
        self._open.remove(p)

    def retire(self) -> Deferred[None]:
        return self._open.emptied()

    def drain(self) -> Deferred[None]:
        return self._open.emptied()

    def abort(self) -> None:
        for protocol in self._open:
            protocol.abort()
