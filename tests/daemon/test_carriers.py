"""A Twisted factory of the user's, as a service that can be counted, limited and drained."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.daemon.carriers import ForeignFactory
from protocols.journal import Journal


class Upper(Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class Attentive(Protocol):
    def __init__(self):
        self.heard = []

    def readConnectionLost(self):
        self.heard.append("read side lost")

    def writeConnectionLost(self):
        self.heard.append("write side lost")

    def handshakeCompleted(self):
        self.heard.append("handshake")


class Counting(Factory):
    protocol = Upper
    noisy = False

    def __init__(self):
        self.events = []

    def startFactory(self):
        self.events.append("start")

    def stopFactory(self):
        self.events.append("stop")


class Choosy(Factory):
    def buildProtocol(self, addr):
        return None


@pytest.fixture
def foreign():
    return ForeignFactory(Factory.forProtocol(Upper), Journal("own"), 2)


@pytest.fixture
def joined(foreign):
    """Connect once more; the protocol and its transport."""

    def join():
        protocol = foreign.buildProtocol(None)
        if protocol is None:
            return None
        transport = StringTransportWithDisconnection()
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return protocol, transport

    return join


def test_the_users_protocol_is_on_the_connection(joined):
    protocol, transport = joined()
    protocol.dataReceived(b"hello")
    assert transport.value() == b"HELLO"


def test_connections_are_counted_and_limited(foreign, joined):
    first, _ = joined()
    assert joined()
    assert joined() is None
    counts = foreign.journal.counts
    assert (counts.connections, counts.refused) == (2, 1)
    first.connectionLost(Failure(ConnectionDone()))
    assert joined()


def test_a_factory_may_refuse():
    assert ForeignFactory(Choosy(), Journal("own"), 2).buildProtocol(None) is None


def test_drained_once_the_last_is_gone(foreign, joined):
    (first, _), (second, _) = joined(), joined()
    drained = []
    foreign.drain().addCallback(drained.append)
    first.connectionLost(Failure(ConnectionDone()))
    assert drained == []
    second.connectionLost(Failure(ConnectionDone()))
    assert drained == [None]


def test_drained_at_once_without_connections(foreign):
    drained = []
    foreign.drain().addCallback(drained.append)
    assert drained == [None]


def test_abort_ends_them_all(foreign, joined):
    joined(), joined()
    foreign.abort()
    drained = []
    foreign.drain().addCallback(drained.append)
    assert drained == [None]


def test_abort_does_not_wait_for_what_is_to_be_written(foreign, joined, monkeypatch):
    aborted = []
    _, transport = joined()
    monkeypatch.setattr(transport, "abortConnection", lambda: aborted.append(transport), raising=False)
    foreign.abort()
    assert aborted == [transport]


def test_the_users_protocol_hears_of_half_closes_and_handshakes():
    connection = ForeignFactory(Factory.forProtocol(Attentive), Journal("own"), 2).buildProtocol(None)
    connection.makeConnection(StringTransportWithDisconnection())
    assert IHandshakeListener.providedBy(connection)
    connection.handshakeCompleted()
    IHalfCloseableProtocol(connection).readConnectionLost()
    IHalfCloseableProtocol(connection).writeConnectionLost()
    assert connection.wrappedProtocol.heard == ["handshake", "read side lost", "write side lost"]


def test_nothing_is_claimed_that_the_users_protocol_does_not_know(joined):
    connection, _ = joined()
    assert not IHandshakeListener.providedBy(connection)
    assert not IHalfCloseableProtocol.providedBy(connection)


def test_the_users_factory_starts_with_the_first_port_and_stops_with_the_last():
    counting = Counting()
    foreign = ForeignFactory(counting, Journal("own"), 2)
    foreign.doStart()
    foreign.doStart()
    foreign.doStop()
    assert counting.events == ["start"]
    foreign.doStop()
    assert counting.events == ["start", "stop"]


def test_open_connections_are_listed_and_one_is_closed(foreign, joined, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    joined()
    protocol, transport = joined()
    now[0] += 5
    aborted = []
    monkeypatch.setattr(transport, "abortConnection", lambda: aborted.append(True), raising=False)
    listed = list(foreign.connections())
    assert [(one.age, one.idle, one.peer.transport) for one in listed] == [(5, 0, "tcp")] * 2
    (one,) = (one for one in listed if one is protocol)
    one.abort()
    assert aborted


def test_bytes_are_counted_and_seen_by_who_watches(foreign, joined):
    protocol, _ = joined()
    protocol.dataReceived(b"abc")
    heard = []
    stop = foreign.journal.tap.watch(heard.append)
    protocol.dataReceived(b"de")
    stop()
    protocol.writeSequence([b"1", b"2"])
    counts = foreign.journal.counts
    assert (counts.bytes_in, counts.bytes_out) == (5, 7)
    assert [(one.direction, one.content) for one in heard] == [("in", b"de"), ("out", b"DE")]
