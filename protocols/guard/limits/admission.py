"""How many connections a source gets, decided before anything is built or read for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.guard.front import FrontFactory
from protocols.guard.limits.lobby import Lobby
from protocols.guard.limits.sources import Sources
from protocols.guard.limits.throttle import Meter, Throttle
from protocols.peer_address import stream_peer
from protocols.stand_in import StandIn

log = Logger(namespace="polyport")


class AdmissionFactory(FrontFactory):
    """Serves by `factory` the connections that `lobby` lets in; those that wait are not read from.

    :param lobby: shared by all addresses of a service.
    :param throttle: slows down the reading from each source; shared too.
    """

    def __init__(self, factory: IProtocolFactory, lobby: Lobby, throttle: Throttle, sources: Sources) -> None:
        super().__init__(factory)
        self.lobby = lobby
        self.throttle = throttle
        self.sources = sources

    def doStop(self) -> None:
        self.lobby.close()
        super().doStop()

    def buildProtocol(  # type: ignore[override]  # nobody accepts without an address
        self, addr: IAddress
    ) -> IProtocol | None:
        if isinstance(addr, UNIXAddress):
            # Only the connection itself says whose it is.
            return self.inner.buildProtocol(addr) if self.sources.exempt.unix else AdmissionGate(self, addr)
        source = self.sources.of_host(getattr(addr, "host", ""))
        if source is None:
            return self.inner.buildProtocol(addr)
        return None if self.lobby.is_shut_out(source) else AdmissionGate(self, addr, source)


class AdmissionGate(StandIn):
    """Stands for a connection until it is its turn."""

    def __init__(self, factory: AdmissionFactory, address: IAddress, source: str | None = None) -> None:
        self._factory = factory
        self._address = address
        self._source = source
        self._told = False
        self._waits = False
        self._is_counted = False
        self._meter: Meter | None = None
        self._deliver: Callable[[bytes], None] | None = None
        self._early = b""  # came with a balancer's header

    def makeConnection(self, transport: ITransport) -> None:
        Protocol.makeConnection(self, transport)
        source = self._source or self._factory.sources.of(stream_peer(transport))
        assert source is not None  # or nobody would have built this
        self._source = source
        self._factory.lobby.enter(self, source)
        if not self._told:
            self._waits = True
            transport.pauseProducing()  # type: ignore[attr-defined]  # every stream transport has it

    def go_in(self) -> None:
        """It is served from now on (Guest)."""
        self._told = self._is_counted = True
        transport: Any = self.transport
        try:
            self._connect(transport)
        except BaseException:  # noqa: BLE001 - it may be the end of another connection that calls this
            log.failure("a connection from {peer} could not begin", peer=transport.getPeer())
            transport.abortConnection()

    def _connect(self, transport: Any) -> None:
        factory, source = self._factory, self._source
        assert source is not None
        inside: Any = factory.inner.buildProtocol(self._address)
        if inside is None:
            transport.loseConnection()
            return
        self._meter = factory.throttle.meter(transport, source)
        self._meter.begin()
        self.stand_for(inside)
        if self._waits:
            transport.resumeProducing()
        inside.makeConnection(transport)
        self._deliver = self._meter.around(inside)
        self.dataReceived = self._deliver  # type: ignore[method-assign,assignment]
        early, self._early = self._early, b""
        if early:
            self._deliver(early)

    def dataReceived(self, data: bytes) -> None:
        """For who stands in front, and has looked this up before there was anybody to count for."""
        if self._deliver is not None:
            self._deliver(data)
        elif not self._told:
            self._early += data

    def turn_away(self) -> None:
        """It is not served (Guest)."""
        self._told = True
        self._early = b""
        assert self.transport is not None
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        lobby, source = self._factory.lobby, self._source
        assert source is not None
        if not self._is_counted:
            lobby.gone(self, source)
            return
        try:
            super().connectionLost(reason)
        finally:
            # TLS may still have delivered something.
            if self._meter is not None:
                self._meter.stop()
            # Not before: the next one is counted by the service, too.
            lobby.left(source)
