"""Relays between real sockets, on a reactor that turns when it is told to."""

from __future__ import annotations

import select
import socket

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from protocols.handlers.forward import Backend, Balance, DirectForward, Target
from protocols.handover import HandOverFactory
from protocols.journal import Journal


class TurningReactor(Clock):
    """Watches descriptors by epoll, as Twisted's does, and keeps the time of a clock."""

    def __init__(self):
        super().__init__()
        self.readers = {}
        self.writers = {}
        self._poller = select.epoll()

    def addReader(self, reader):  # noqa: N802
        self._change(reader.fileno(), readers=reader)

    def addWriter(self, writer):  # noqa: N802
        self._change(writer.fileno(), writers=writer)

    def removeReader(self, reader):  # noqa: N802
        self._forget(reader.fileno(), self.readers)

    def removeWriter(self, writer):  # noqa: N802
        self._forget(writer.fileno(), self.writers)

    def _change(self, number, **watched):
        known = number in self.readers or number in self.writers
        for name, descriptor in watched.items():
            getattr(self, name)[number] = descriptor
        (self._poller.modify if known else self._poller.register)(number, self._events(number))

    def _forget(self, number, watched):
        if watched.pop(number, None) is None:
            return
        events = self._events(number)
        self._poller.modify(number, events) if events else self._poller.unregister(number)

    def _events(self, number):
        reads = select.EPOLLIN if number in self.readers else 0
        return reads | (select.EPOLLOUT if number in self.writers else 0)

    def turn(self, timeout=0.0):
        """Serve what has happened; whether something has."""
        self.advance(0)
        happened = self._poller.poll(timeout)
        for number, event in happened:
            if event & (select.EPOLLHUP | select.EPOLLERR) and not event & select.EPOLLIN:
                selectable = self.readers.get(number) or self.writers.get(number)
                if selectable is not None:
                    self.removeReader(selectable)
                    self.removeWriter(selectable)
                    selectable.connectionLost(Failure(CONNECTION_LOST))
                continue
            if event & select.EPOLLIN and number in self.readers:
                self.readers[number].doRead()
            if event & select.EPOLLOUT and number in self.writers:
                self.writers[number].doWrite()
        return bool(happened)

    def settle(self):
        """Turn until nothing happens any more."""
        while self.turn(0.02):
            pass


class Transport:
    """As much of a transport as its connection needs to be taken out of it."""

    def __init__(self, sock):
        self.socket = sock
        self.protocol = None

    def pauseProducing(self):
        pass

    def getHandle(self):
        return self.socket

    def getPeer(self):  # noqa: N802
        return IPv4Address("TCP", "192.0.2.1", 4000)

    def getHost(self):  # noqa: N802
        return IPv4Address("TCP", "192.0.2.5", 25)


class Relaying:
    """Clients that come, and targets that accept."""

    def __init__(self, reactor, count=1, **settings):
        self.reactor = reactor
        self.records = []
        self.sockets = []
        self.listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        self.backends = [
            Backend(Target("tcp", *each.getsockname()), "db", tells=count > 1) for each in self.listening
        ]
        settings = {"header": lambda handed: b"", "timeout": 10.0, "retry": 2} | settings
        self.forward = DirectForward(Balance(self.backends), reactor=reactor, **settings)
        self.factory = HandOverFactory(
            self.forward, journal=Journal("db"), clock=reactor, tell=self.records.append
        )

    def client(self):
        """One that comes, over TCP."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            accepted, _ = listening.accept()
        client.setblocking(False)
        accepted.setblocking(False)
        transport = Transport(accepted)
        protocol = transport.protocol = self.factory.buildProtocol(None)
        self.sockets.append(client)
        protocol.makeConnection(transport)
        return client

    def target(self, index=0):
        """The connection of the target to the client that has come last."""
        accepted, _ = self.listening[index].accept()
        accepted.setblocking(False)
        self.sockets.append(accepted)
        return accepted

    def pair(self):
        client = self.client()
        self.reactor.settle()
        return client, self.target()

    def received(self, sock, size):
        """`size` bytes that come to `sock`, or as many as there are before the end."""
        got = bytearray()
        while len(got) < size:
            try:
                data = sock.recv(1_000_000)
            except BlockingIOError:
                assert self.reactor.turn(5.0), f"only {len(got)} bytes came"
                continue
            if not data:
                break
            got += data
        return bytes(got)

    def fill(self, sock):
        """Send until nothing more is taken; how much was."""
        sent = 0
        while True:
            try:
                sent += sock.send(bytes(1_000_000))
            except BlockingIOError:
                if not self.reactor.turn(0.02):
                    return sent

    def close(self):
        self.factory.abort()
        self.reactor.settle()
        self.forward.stop()
        for each in self.sockets + self.listening:
            each.close()


@pytest.fixture
def reactor():
    reactor = TurningReactor()
    yield reactor
    reactor._poller.close()


@pytest.fixture
def relaying(reactor):
    made = []

    def make(**settings):
        made.append(Relaying(reactor, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()
