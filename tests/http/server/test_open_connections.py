"""Connections of HTTP as an operator sees them."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol

from protocols.http import RespondRoute, Upgrade, function_route


class UpRoute(RespondRoute):
    """Answers with another protocol."""

    def respond(self, request, rest):
        return Upgrade(Protocol(), "other")


def facts(client):
    (one,) = client.factory.connections()
    return one.age, one.idle


def test_http1_says_how_long_it_has_been_open_and_idle(connect, clock):
    client = connect({"/a": RespondRoute("a")}, idle=60)
    clock.advance(5)
    client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(2)
    assert facts(client) == (7, 2)


def test_one_that_answers_is_not_idle(connect, clock, journal):
    async def slow(message: bytes) -> bytes:
        return await Deferred()

    client = connect({"/a": function_route(slow, reactor=clock, journal=journal, run="loop", timeout=1e6)})
    client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    clock.advance(20)
    assert facts(client) == (20, 0)


def test_http2_says_the_same(http2, clock, calls):
    http2.ask("GET", "/a")
    clock.advance(5)
    assert facts(http2.client) == (5, 5)
    stream = http2.request("POST", "/wait", b"x")
    clock.advance(5)
    assert facts(http2.client) == (10, 0)
    calls[0].callback(b"y")
    http2.turn()
    assert http2.reply(stream).body == b"y"
    clock.advance(1)
    assert facts(http2.client) == (11, 1)


def test_another_protocol_on_the_connection_is_asked_of_the_kernel(connect, clock, monkeypatch):
    client = connect({"/a": UpRoute("")})
    client.send(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
    clock.advance(50)
    monkeypatch.setattr("protocols.http.server.http1_time.silence", {client.wire: 3.5}.get)
    assert facts(client) == (50, 3.5)


def test_one_is_aborted(connect):
    client = connect({"/a": RespondRoute("a")})
    for one in client.factory.connections():
        one.abort()
    assert client.wire.aborted
