"""Requests after which the connection speaks another protocol, or does not."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from protocols.http import RespondRoute, Upgrade

ASK = b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: Other\r\n\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\nX: y\r\n\r\n"


class Other(Protocol):
    """Notes what it hears."""

    def __init__(self):
        self.data = b""
        self.lost = False

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost = True


@implementer(IHalfCloseableProtocol)
class HalfClosing(Other):
    read_ended = False

    def readConnectionLost(self):
        self.read_ended = True

    def writeConnectionLost(self):
        pass


class UpRoute:
    methods = ("GET", "POST")
    subtree = False
    streams = False

    def __init__(self):
        self.protocol = Other()
        self.later = None
        self.drained = []

    def respond(self, request, rest):
        self.request = request
        answer = Upgrade(self.protocol, "other", (("X", "y"),), lambda: self.drained.append(True))
        if self.later is not None:
            return self.later
        return answer

    def stop(self):
        pass


@pytest.fixture
def route():
    return UpRoute()


@pytest.fixture
def client(connect, route):
    return connect({"/up": route, "/a": RespondRoute("a")})


def test_the_bytes_behind_are_the_other_protocols(client, route):
    client.send(ASK + b"more")
    client.send(b" and more")
    assert client.wire.value() == SWITCHED
    assert route.request.upgrade == "other"
    assert route.protocol.data == b"more and more"
    assert route.protocol.transport is client.wire


def test_answers_before_it_come_first(client):
    client.send(GET + ASK)
    assert client.wire.value().endswith(b"\r\n\r\na" + SWITCHED)


def test_what_comes_before_the_answer_waits(client, route):
    route.later = Deferred()
    client.send(ASK + b"more")
    client.send(b" and more")
    assert client.wire.producerState == "paused"
    route.later.callback(Upgrade(route.protocol, "other", (("X", "y"),)))
    assert client.wire.value() == SWITCHED
    assert route.protocol.data == b"more and more"
    assert client.wire.producerState == "producing"


@pytest.mark.parametrize("later", [False, True])
def test_a_route_that_stays_with_http(client, route, later):
    from protocols.http import Response

    route.later = Deferred()
    if not later:
        route.later.callback(Response("no"))
    client.send(ASK + GET)
    if later:
        route.later.callback(Response("no"))
    client.send(GET)
    assert [answer.body for answer in client.answers()] == [b"no", b"a", b"a"]


def test_content_is_no_other_protocol(client):
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n"
    client.send(head % len(GET) + GET + GET)
    assert [answer.status for answer in client.answers()] == [405, 200]


def test_the_end_of_the_connection(client, route):
    client.send(ASK)
    client.leave()
    assert route.protocol.lost
    assert not client.factory.open


@pytest.mark.parametrize("kind", [Other, HalfClosing])
def test_a_client_that_shuts_down_its_side(client, route, kind):
    route.protocol = kind()
    client.send(ASK)
    client.connection.readConnectionLost()
    if kind is HalfClosing:
        assert route.protocol.read_ended
    assert client.wire.disconnecting is (kind is Other)


def test_draining_asks_the_protocol(client, route):
    client.send(ASK)
    client.factory.drain()
    assert route.drained == [True]
    assert not client.wire.disconnecting


def test_it_is_no_longer_idle_or_slow(client, clock, route):
    client.send(ASK)
    clock.pump([1] * 1000)
    assert not client.closed


def test_the_other_protocol_may_be_a_producer(client, route):
    client.send(ASK)
    client.wire.registerProducer(object(), True)
    assert client.wire.producer is not None
