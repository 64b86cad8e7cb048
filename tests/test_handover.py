"""Streams that are taken out of the reactor."""

from __future__ import annotations

import pytest
from twisted.internet.address import UNIXAddress
from twisted.internet.task import Clock

from protocols.guard.access.factory import AccessFactory
from protocols.handover import HandOverFactory
from protocols.journal import Journal
from tests.socket_transport import SocketTransport


class Taker:
    """Takes connections, and does nothing with them."""

    def __init__(self):
        self.handed = []
        self.calls = []
        self.fault = None

    def take(self, handed):
        if self.fault is not None:
            raise self.fault
        self.handed.append(handed)
        return self

    @property
    def idle(self):
        return 7.0

    def drain(self):
        self.calls.append("drain")

    def abort(self):
        self.calls.append("abort")


class Everybody:
    """Lets everybody in."""

    def admits(self, peer):
        return True


@pytest.fixture
def taker():
    taker = Taker()
    yield taker
    for each in taker.handed:
        each.socket.close()


@pytest.fixture
def told():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def factory(taker, clock, told):
    return HandOverFactory(taker, journal=Journal("tested"), clock=clock, connections=2, tell=told.append)


@pytest.fixture
def connect(factory):
    made = []

    def connect(front=None):
        transport = SocketTransport()
        made.append(transport)
        transport.protocol = (front or factory).buildProtocol(UNIXAddress(None))
        if transport.protocol is not None:
            transport.protocol.makeConnection(transport)
        return transport

    yield connect
    for each in made:
        each.peer.close()
        each.socket.close()


def test_the_socket_is_the_takers_alone(connect, taker):
    transport = connect()
    [handed] = taker.handed
    assert (transport.reads, transport.socket.fileno()) == (False, -1)
    assert handed.local == ("/run/here", 0)
    handed.socket.sendall(b"hello")
    assert transport.peer.recv(9) == b"hello"
    handed.socket.close()
    assert transport.peer.recv(9) == b""


def test_what_is_told_of_one_that_is_over(connect, taker, factory, clock, told):
    connect()
    [handed] = taker.handed
    clock.advance(3)
    assert (factory.open_connections, handed.idle, handed.age) == (1, 7.0, 3.0)
    handed.socket.close()
    handed.over(received=4, sent=5)
    handed.over()
    assert factory.open_connections == 0
    assert [record[1:] for record in told] == [(3.0, None, 4, 5, "")]


def test_those_in_front_hear_of_the_end_once(connect, taker, factory):
    front = AccessFactory(factory, Everybody())
    transport = connect(front)
    heard = []
    transport.protocol.connectionLost = heard.append
    [handed] = taker.handed
    handed.socket.close()
    fault = OSError("it broke")
    handed.over(fault)
    assert [failure.value for failure in heard] == [fault]


def test_those_in_front_may_end_it(connect, taker, factory):
    transport = connect()
    [handed] = taker.handed
    transport.protocol.connectionLost()
    assert taker.calls == ["abort"]
    handed.socket.close()
    handed.over()
    assert factory.open_connections == 0


def test_one_that_cannot_be_taken_is_closed(connect, taker, factory, clock, failures):
    taker.fault = ValueError("no")
    transport = connect()
    clock.advance(0)
    assert transport.peer.recv(9) == b""
    assert (factory.open_connections, factory.journal.counts.failures) == (0, 1)
    assert len(failures.take(ValueError)) == 1


def test_more_than_may_be_open_are_refused(connect, factory):
    assert [connect().protocol is None for _ in range(3)] == [False, False, True]
    assert factory.journal.counts.refused == 1


def test_the_end_of_the_service(connect, taker, factory):
    connect()
    [handed] = taker.handed
    gone = factory.drain()
    assert taker.calls == ["drain"]
    assert not gone.called
    assert connect().protocol is None
    factory.abort()
    assert taker.calls == ["drain", "abort"]
    handed.socket.close()
    handed.over()
    assert gone.called
