"""The listening Unix socket in the reactor."""

from __future__ import annotations

import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol

from protocols.daemon.unix_port import UnixPort


class Greeting(Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")
        self.transport.loseConnection()


class Collector(Protocol):
    def __init__(self):
        self.data = b""
        self.lost = Deferred()

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost.callback(self.data)


@pytest.fixture
def listener():
    """Make a listening socket; it is closed after the test."""
    made = []

    def listen(address: str) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX)
        made.append(listening)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen()
        return listening

    yield listen
    for one in made:
        one.close()


@pytest_twisted.inlineCallbacks
def test_serves_and_leaves_the_path_and_its_mode_alone(listener, tmp_path):
    path = tmp_path / "socket"
    listening = listener(str(path))
    path.chmod(0o640)
    port = UnixPort(listening.dup(), Factory.forProtocol(Greeting), reactor)
    port.startListening()
    client = yield connectProtocol(UNIXClientEndpoint(reactor, str(path)), Collector())
    assert (yield client.lost) == b"hello"
    yield port.stopListening()
    assert path.stat().st_mode & 0o777 == 0o640
    # Nor is the socket shut down for whoever else has it.
    with socket.socket(socket.AF_UNIX) as another:
        another.connect(str(path))
        accepted, _ = listening.accept()
        accepted.close()


@pytest_twisted.inlineCallbacks
def test_abstract(listener, tmp_path):
    name = f"\0polyport-unix-port-{tmp_path.name}"
    port = UnixPort(listener(name).dup(), Factory.forProtocol(Greeting), reactor)
    port.startListening()
    client = yield connectProtocol(UNIXClientEndpoint(reactor, name), Collector())
    assert (yield client.lost) == b"hello"
    yield port.stopListening()


@pytest_twisted.inlineCallbacks
def test_starts_and_stops_its_factory(listener, tmp_path):
    factory = Factory.forProtocol(Greeting)
    port = UnixPort(listener(str(tmp_path / "socket")).dup(), factory, reactor)
    port.startListening()
    assert factory.numPorts == 1
    yield port.stopListening()
    assert factory.numPorts == 0
