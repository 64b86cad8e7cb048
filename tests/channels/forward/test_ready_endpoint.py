"""Connections that come about, or do not."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory, Protocol

from protocols.channels.forward.delivery import UnreachableError
from protocols.channels.forward.ready_endpoint import ReadyEndpoint
from protocols.handlers.forward import Target
from protocols.outgoing_tls import OutgoingTLS


class Silent(Protocol):
    """Accepts, and says nothing."""

    def connectionMade(self):
        self.factory.connections.append(self)

    def connectionLost(self, reason):
        self.factory.connections.remove(self)


class Heard(Protocol):
    """What is made of a connection that can be used."""

    def __init__(self):
        self.data = b""
        self.lost = None

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost = reason


@pytest.fixture
def server():
    from twisted.internet import reactor

    factory = Factory.forProtocol(Silent)
    factory.noisy = False
    factory.connections = []
    factory.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    yield factory
    pytest_twisted.blockon(factory.port.stopListening())


def endpoint(server, timeout=20.0, tls=None):
    from twisted.internet import reactor

    target = Target("tcp", "127.0.0.1", server.port.getHost().port)
    return ReadyEndpoint(target, reactor, timeout, tls)


@pytest_twisted.ensureDeferred
async def test_data_and_the_end_are_passed_on(server, until):
    protocol = await endpoint(server).connect(Factory.forProtocol(Heard))
    await until(lambda: server.connections)
    server.connections[0].transport.write(b"hello")
    server.connections[0].transport.loseConnection()
    await until(lambda: protocol.lost)
    assert protocol.data == b"hello"


@pytest_twisted.ensureDeferred
async def test_all_that_are_open_can_be_closed(server, until):
    place = endpoint(server)
    protocols = [await place.connect(Factory.forProtocol(Heard)) for _ in range(3)]
    place.abort()
    await until(lambda: all(protocol.lost for protocol in protocols))
    await until(lambda: not server.connections)


@pytest_twisted.ensureDeferred
async def test_a_handshake_that_does_not_end(server, until):
    with pytest.raises(UnreachableError, match=r"no connection within 0\.1 s"):
        await endpoint(server, 0.1, OutgoingTLS("127.0.0.1")).connect(Factory.forProtocol(Heard))
    await until(lambda: not server.connections)


@pytest_twisted.ensureDeferred
async def test_whoever_does_not_want_it_any_more_says_so(server, until):
    connecting = endpoint(server, tls=OutgoingTLS("127.0.0.1")).connect(Factory.forProtocol(Heard))
    await until(lambda: server.connections)
    connecting.cancel()
    with pytest.raises(CancelledError):
        await connecting
    await until(lambda: not server.connections)


@pytest_twisted.ensureDeferred
async def test_also_before_there_is_anything(server):
    connecting = endpoint(server).connect(Factory.forProtocol(Heard))
    connecting.cancel()
    with pytest.raises(CancelledError):
        await connecting


@pytest_twisted.ensureDeferred
async def test_nobody_listens(server, free_port):
    from twisted.internet import reactor

    place = ReadyEndpoint(Target("tcp", "127.0.0.1", free_port()), reactor, 5.0)
    with pytest.raises(UnreachableError, match="Connection refused"):
        await place.connect(Factory.forProtocol(Heard))
