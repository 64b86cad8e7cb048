"""Listening sockets in the reactor."""

from __future__ import annotations

import errno
import os
import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from protocols.reactor.stream_ports import ACCEPTS, REST, AdoptedUnixPort


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
    port = AdoptedUnixPort(listening.dup(), Factory.forProtocol(Greeting), reactor)
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
    port = AdoptedUnixPort(listener(name).dup(), Factory.forProtocol(Greeting), reactor)
    port.startListening()
    client = yield connectProtocol(UNIXClientEndpoint(reactor, name), Collector())
    assert (yield client.lost) == b"hello"
    yield port.stopListening()


@pytest_twisted.inlineCallbacks
def test_starts_and_stops_its_factory(listener, tmp_path):
    factory = Factory.forProtocol(Greeting)
    port = AdoptedUnixPort(listener(str(tmp_path / "socket")).dup(), factory, reactor)
    port.startListening()
    assert factory.numPorts == 1
    yield port.stopListening()
    assert factory.numPorts == 0


@pytest_twisted.inlineCallbacks
def test_accepts_no_more_in_a_turn_than_others_can_wait_for(listener, tmp_path):
    path = str(tmp_path / "socket")
    served = []

    class Counted(Protocol):
        def connectionMade(self):
            served.append(self)

    port = AdoptedUnixPort(listener(path).dup(), Factory.forProtocol(Counted), reactor)
    port.startListening()
    clients = []
    for _ in range(ACCEPTS + 1):
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].connect(path)
    port.doRead()
    assert len(served) == ACCEPTS
    port.doRead()
    assert len(served) == ACCEPTS + 1
    for client in clients:
        client.close()
    for connection in served:
        connection.transport.abortConnection()
    yield port.stopListening()


@pytest_twisted.inlineCallbacks
def test_a_factory_that_raises_costs_one_connection(listener, tmp_path, failures):
    class Broken(Factory):
        calls = 0

        def buildProtocol(self, addr):
            self.calls += 1
            if self.calls == 1:
                raise ZeroDivisionError
            return Greeting()

    path = str(tmp_path / "socket")
    port = AdoptedUnixPort(listener(path).dup(), Broken(), reactor)
    port.startListening()
    first = yield connectProtocol(UNIXClientEndpoint(reactor, path), Collector())
    second = yield connectProtocol(UNIXClientEndpoint(reactor, path), Collector())
    assert (yield first.lost) == b""
    assert (yield second.lost) == b"hello"
    failures.take(ZeroDivisionError)
    yield port.stopListening()


@pytest_twisted.inlineCallbacks
def test_a_protocol_that_cannot_begin_costs_one_connection(listener, tmp_path, failures):
    class Broken(Greeting):
        first = True

        def connectionMade(self):
            if Broken.first:
                Broken.first = False
                raise ZeroDivisionError
            super().connectionMade()

    path = str(tmp_path / "socket")
    port = AdoptedUnixPort(listener(path).dup(), Factory.forProtocol(Broken), reactor)
    port.startListening()
    for expected in (b"", b"hello", b"hello"):
        client = yield connectProtocol(UNIXClientEndpoint(reactor, path), Collector())
        assert (yield client.lost) == expected
    failures.take(ZeroDivisionError)
    yield port.stopListening()


@pytest_twisted.inlineCallbacks
def test_a_client_with_a_name_of_four_bytes(listener, tmp_path):
    path = str(tmp_path / "socket")
    served = []

    class Noted(Factory):
        def buildProtocol(self, addr):
            served.append(addr)

    port = AdoptedUnixPort(listener(path).dup(), Noted(), reactor)
    port.startListening()
    with socket.socket(socket.AF_UNIX) as client:
        client.bind(f"\0p{os.getpid() % 100:02}")
        client.connect(path)
        port.doRead()
        assert len(served) == 1
    yield port.stopListening()


class Exhausted:
    """A listening socket for which there are no descriptors left."""

    def __init__(self, real, why):
        self.real = real
        self.why = why
        self.tries = 0

    def __getattr__(self, name):
        return getattr(self.real, name)

    def accept(self):
        self.tries += 1
        raise OSError(self.why, "no")


@pytest.mark.parametrize("why", [errno.ENFILE, errno.EINVAL])
@pytest_twisted.inlineCallbacks
def test_rests_when_descriptors_run_out(listener, tmp_path, monkeypatch, failures, why):
    port = AdoptedUnixPort(listener(str(tmp_path / "socket")).dup(), Factory.forProtocol(Greeting), reactor)
    port.startListening()
    clock = Clock()
    monkeypatch.setattr(port, "reactor", Both(reactor, clock))
    real, port.socket = port.socket, Exhausted(port.socket, why)
    port.doRead()
    failures.events.clear()
    assert port not in reactor.getReaders()
    port.socket = real
    clock.advance(REST)
    assert port in reactor.getReaders()
    monkeypatch.undo()
    yield port.stopListening()


class Both:
    """A reactor whose time is another's."""

    def __init__(self, real, clock):
        self._real = real
        self.callLater = clock.callLater

    def __getattr__(self, name):
        return getattr(self._real, name)
