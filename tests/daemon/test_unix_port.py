"""The listening Unix socket in the reactor."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

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


class UnixPortTests(TestCase):
    timeout = 20

    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "socket"

    def listener(self, address: str) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen()
        return listening

    @inlineCallbacks
    def test_serves_and_leaves_the_path_and_its_mode_alone(self):
        listening = self.listener(str(self.path))
        self.path.chmod(0o640)
        port = UnixPort(listening.dup(), Factory.forProtocol(Greeting), reactor)
        port.startListening()
        client = yield connectProtocol(UNIXClientEndpoint(reactor, str(self.path)), Collector())
        self.assertEqual((yield client.lost), b"hello")
        yield port.stopListening()
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)
        # Nor is the socket shut down for whoever else has it.
        with socket.socket(socket.AF_UNIX) as another:
            another.connect(str(self.path))
            accepted, _ = listening.accept()
            accepted.close()

    @inlineCallbacks
    def test_abstract(self):
        name = f"\0polyport-unix-port-{self.path.parent.name}"
        port = UnixPort(self.listener(name).dup(), Factory.forProtocol(Greeting), reactor)
        port.startListening()
        client = yield connectProtocol(UNIXClientEndpoint(reactor, name), Collector())
        self.assertEqual((yield client.lost), b"hello")
        yield port.stopListening()

    @inlineCallbacks
    def test_starts_and_stops_its_factory(self):
        factory = Factory.forProtocol(Greeting)
        port = UnixPort(self.listener(str(self.path)).dup(), factory, reactor)
        port.startListening()
        self.assertEqual(factory.numPorts, 1)
        yield port.stopListening()
        self.assertEqual(factory.numPorts, 0)
