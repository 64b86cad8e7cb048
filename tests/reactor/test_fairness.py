"""Nobody starves: not beside a flood of datagrams, not beside a connection that is always busy."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.internet.task import deferLater

ENOUGH = 100_000
"""Messages after which what floods gives up, so that a test in which somebody starves fails."""

BURST = 200
"""Datagrams that are always on their way: more than a port reads in one turn."""

QUESTIONS = 20


class Flood(DatagramProtocol):
    """Sends each datagram to itself again."""

    count = 0

    def startProtocol(self) -> None:
        host = self.transport.getHost()
        for _ in range(BURST):
            self.transport.write(b"x", (host.host, host.port))

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.count += 1
        if self.count < ENOUGH:
            self.transport.write(datagram, addr)


class Echo(Protocol):
    """Sends back what comes."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class Busy(Protocol):
    """Keeps a connection to an echo full."""

    count = 0

    def connectionMade(self) -> None:
        self.lost: Deferred[None] = Deferred()
        for _ in range(16):
            self.transport.write(b"x" * 65_536)

    def dataReceived(self, data: bytes) -> None:
        self.count += 1
        if self.count < ENOUGH:
            self.transport.write(data)

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(None)


class Asking(Protocol):
    """Asks an echo one question after the other."""

    def connectionMade(self) -> None:
        self.left = QUESTIONS
        self.done: Deferred[None] = Deferred()
        self.transport.write(b"?")

    def dataReceived(self, data: bytes) -> None:
        self.left -= 1
        if self.left:
            self.transport.write(b"?")
        else:
            self.transport.loseConnection()

    def connectionLost(self, reason: Any) -> None:
        self.done.callback(None)


@pytest.fixture
def echo():
    """Connect a protocol to an echo."""
    ports: list[Any] = []

    async def connect(protocol: Any) -> Any:
        if not ports:
            endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
            ports.append(await endpoint.listen(Factory.forProtocol(Echo)))
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", ports[0].getHost().port)
        return await connectProtocol(client, protocol)

    yield connect
    for port in ports:
        port.stopListening()


async def answered(echo: Any) -> None:
    """A connection gets its answers, and timers their turns."""
    asking = await echo(Asking())
    await asking.done
    assert asking.left == 0
    for _ in range(QUESTIONS):
        await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_beside_a_flood_of_datagrams(our_reactor, echo):
    flood = Flood()
    port = reactor.listenUDP(0, flood, interface="127.0.0.1")
    try:
        await answered(echo)
        assert 0 < flood.count < ENOUGH
    finally:
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_beside_a_connection_that_is_always_busy(echo):
    busy = await echo(Busy())
    try:
        await answered(echo)
        assert QUESTIONS < busy.count < ENOUGH
    finally:
        busy.transport.abortConnection()
        await busy.lost


@pytest_twisted.ensureDeferred
async def test_asyncio_beside_a_flood_of_datagrams_and_a_busy_connection(our_reactor, echo):
    flood, busy = Flood(), await echo(Busy())
    port = reactor.listenUDP(0, flood, interface="127.0.0.1")

    async def turns() -> None:
        for _ in range(QUESTIONS):
            await asyncio.sleep(0)
            await asyncio.sleep(0.0001)

    try:
        await Deferred.fromFuture(our_reactor.loop.create_task(turns()))
        assert 0 < flood.count < ENOUGH
        assert 0 < busy.count < ENOUGH
    finally:
        busy.transport.abortConnection()
        await busy.lost
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_beside_a_task_that_is_always_busy(our_reactor, echo):
    """A coroutine that never waits for anything but its next turn leaves time for connections."""
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while turns < ENOUGH:
            turns += 1
            await asyncio.sleep(0)

    task = our_reactor.loop.create_task(spin())
    await answered(echo)
    assert 0 < turns < ENOUGH
    task.cancel()
