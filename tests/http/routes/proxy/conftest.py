# ruff: noqa: N802, N803 - the names are Twisted's
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.python.failure import Failure

from protocols.http import OriginURL, ProxyLimits, ProxyRoute
from protocols.journal import Journal


class Accepted:
    """A connection to an origin, in memory; what is written to it is read here."""

    def __init__(self, protocol: Any, wire: Any) -> None:
        self.protocol = protocol
        self.wire = wire
        protocol.makeConnection(wire)

    def take(self) -> bytes:
        """What was sent since the last time."""
        sent = self.wire.value()
        self.wire.clear()
        return sent

    def say(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def leave(self, reason: type[Exception] = ConnectionDone) -> None:
        self.protocol.connectionLost(Failure(reason()))

    @property
    def paused(self) -> bool:
        return self.wire.producerState == "paused"

    @property
    def closed(self) -> bool:
        return self.wire.aborted or self.wire.disconnecting


class Attempt:
    """A connection that is wanted."""

    def __init__(self, address: str, factory: Any, wire: Any) -> None:
        self.address = address
        self.stopped = False
        self._factory = factory
        self._wire = wire

    def accept(self) -> Accepted:
        return Accepted(self._factory.buildProtocol(None), self._wire)

    def refuse(self) -> None:
        self._factory.clientConnectionFailed(self, Failure(ConnectError()))

    def stopConnecting(self) -> None:
        self.stopped = True

    def getDestination(self) -> str:
        return self.address


class Origins:
    """The other end of every Unix socket that is connected to."""

    def __init__(self, clock: Any, new_wire: Callable[[], Any]) -> None:
        self.attempts: list[Attempt] = []
        self._clock = clock
        self._new_wire = new_wire
        clock.connectUNIX = self._connect

    def _connect(self, address: str, factory: Any, timeout: float, checkPID: bool) -> Attempt:
        attempt = Attempt(address, factory, self._new_wire())
        self.attempts.append(attempt)
        factory.startedConnecting(attempt)
        return attempt

    def attempt(self) -> Attempt:
        """The one connection that is wanted."""
        (attempt,) = self.attempts
        self.attempts.clear()
        return attempt

    def accept(self) -> Accepted:
        """Let the one connection that is wanted come about."""
        return self.attempt().accept()

    def wait(self, seconds: float) -> None:
        """Let time go by, in steps that every timer sees."""
        self._clock.pump([0.25] * int(seconds * 4))


@pytest.fixture
def origins(clock, new_wire) -> Origins:
    return Origins(clock, new_wire)


@pytest.fixture
def proxied(connect, clock, origins) -> Callable[..., Any]:
    """A client of a site with a proxy, at /p/ unless it is said where; settings may be limits of it."""
    names = ProxyLimits.__dataclass_fields__

    def proxied(*urls: str, path: str = "/p/", **settings: Any) -> Any:
        limits = ProxyLimits(**{name: settings.pop(name) for name in list(settings) if name in names})
        parsed = [OriginURL.parse(url) for url in urls or ["unix:one.sock"]]
        route = ProxyRoute(parsed, reactor=clock, journal=Journal("web"), limits=limits, **settings)
        client = connect({path: route}, body=1 << 40, idle=0)
        client.route = route
        return client

    return proxied
