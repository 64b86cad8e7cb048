"""The PROXY protocol in front of a service's connections."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IReactorTime, ITransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from protocols.guard.front import FrontFactory
from protocols.guard.proxy_protocol.transport import ProxiedTransport
from protocols.journal import Journal
from protocols.networks import UNIX, Networks
from protocols.peer_address import plain_host, stream_peer
from protocols.proxy_header import HeaderReader, ProxyHeader, ProxyHeaderError
from protocols.roster import Roster
from protocols.stand_in import StandIn
from protocols.stream_timers import Timers

DEADLINE = 5.0
"""Seconds until a header must have come.  A proxy sends it with the connection, in one segment; what takes
longer than a lost segment and its repetitions (RFC 6298: 1 s, then 2 s more) is none."""


class ProxyProtocolFactory(FrontFactory):
    """Has `factory` serve the clients of proxies as if they had connected themselves.

    Stands in front of all else, TLS too: nothing is built, asked for its rights or counted before the header
    has come.  Who does not connect from one of `proxies` is served at once, as itself.

    :param proxies: the hosts that send a header, always; ``unix`` stands for the clients of Unix sockets.
    :param clock: where time comes from: a reactor.
    """

    def __init__(
        self,
        factory: IProtocolFactory,
        proxies: Networks,
        *,
        journal: Journal,
        clock: IReactorTime,
        deadline: float = DEADLINE,
    ) -> None:
        super().__init__(factory)
        self.journal = journal
        self.deadline = deadline
        self.timers = Timers(clock)
        self.waiting: Roster[HeaderGate] = Roster()
        self.proxies = proxies

    def doStop(self) -> None:
        """No more are accepted: those of which nothing is known yet are none to wait for."""
        for gate in self.waiting:
            gate.abort()
        super().doStop()

    def buildProtocol(  # type: ignore[override]  # nobody accepts without an address
        self, addr: IAddress
    ) -> IProtocol | None:
        host = UNIX if isinstance(addr, UNIXAddress) else plain_host(getattr(addr, "host", ""))
        return HeaderGate(self, addr) if host in self.proxies else self.inner.buildProtocol(addr)


class HeaderGate(StandIn):
    """Stands for the connection of a proxy until it has said whose it is."""

    def __init__(self, factory: ProxyProtocolFactory, address: IAddress) -> None:
        self.due: float | None = None
        self._gate = factory
        self._address = address
        self._reader = HeaderReader()
        self._over = False

    def connectionMade(self) -> None:
        self._gate.waiting.add(self)
        self._gate.timers.start(self, self._gate.deadline)

    def dataReceived(self, data: bytes) -> None:
        if self._successor is not None:
            super().dataReceived(data)
        elif not self._over:
            try:
                header = self._reader.feed(data)
            except ProxyHeaderError as error:
                self._refuse(error)
            else:
                if header is not None:
                    self._pass_on(header)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._leave()
        super().connectionLost(reason)

    def time_out(self) -> None:
        """There is no header (see :class:`~protocols.stream_timers.Timed`)."""
        self._refuse(ProxyHeaderError(f"no PROXY header came within {self._gate.deadline:g} s"))

    def abort(self) -> None:
        """Close at once."""
        self._leave()
        transport: Any = self.transport
        transport.abortConnection()

    def _pass_on(self, header: ProxyHeader) -> None:
        """Somebody else serves whoever the header is about."""
        transport: Any = self.transport
        address = self._address
        if not header.is_local:
            transport = ProxiedTransport(transport, header)
            address = transport.getPeer()
        self._leave()
        inner = self._gate.inner.buildProtocol(address)
        if inner is None:
            transport.loseConnection()
            return
        self.stand_for(inner)
        inner.makeConnection(transport)
        rest, self._reader.rest = self._reader.rest, b""
        if rest:
            self.dataReceived(rest)

    def _refuse(self, error: ProxyHeaderError) -> None:
        """To a proxy there is nothing to say that it would understand."""
        transport: ITransport | None = self.transport
        assert transport is not None
        self._gate.journal.no_proxy_header(stream_peer(transport), error)
        self.abort()

    def _leave(self) -> None:
        self._over = True
        self._gate.timers.stop(self)
        self._gate.waiting.remove(self)
