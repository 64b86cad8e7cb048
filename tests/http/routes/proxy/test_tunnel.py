"""Other protocols through a proxy, in memory."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from protocols.http import Headers, HTTPError, OriginURL, ProxyRoute, Request, StreamingRequest, Upgrade
from protocols.http.body import BodyStream
from protocols.journal import Journal

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
WISH = (
    "GET /p/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
)


@pytest.fixture
def tunnel(proxied, origins):
    """Both ends of a tunnel."""
    client = proxied()
    client.send(WISH.encode())
    origin = origins.accept()
    origin.take()
    origin.say(SWITCH)
    client.wire.clear()
    return client, origin


def test_the_handshake_goes_through(proxied, origins) -> None:
    client = proxied()
    client.send(WISH.encode())
    origin = origins.accept()
    sent = origin.take()
    assert sent.count(b"\r\nUpgrade: websocket\r\n") == sent.count(b"\r\nConnection: Upgrade\r\n") == 1
    assert f"sec-websocket-key: {KEY}\r\n".encode() in sent
    origin.say(SWITCH)
    head = client.wire.value().decode().split("\r\n")
    assert head[0] == "HTTP/1.1 101 Switching Protocols"
    assert sorted(head[1:]) == [
        "",
        "",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "Sec-WebSocket-Protocol: chat",
        "Upgrade: websocket",
    ]


def test_bytes_go_both_ways(tunnel) -> None:
    client, origin = tunnel
    client.send(b"GET /not HTTP/1.1\r\n\r\n")
    assert origin.take() == b"GET /not HTTP/1.1\r\n\r\n"
    origin.say(b"HTTP/1.1 200 OK\r\n\r\n")
    assert client.wire.value() == b"HTTP/1.1 200 OK\r\n\r\n"


def test_what_comes_with_the_handshake_is_not_lost(proxied, origins) -> None:
    client = proxied()
    client.send(WISH.encode() + b"early")
    client.send(b" bird")
    origin = origins.accept()
    assert b"early" not in origin.take()
    origin.say(SWITCH + b"worm")
    assert origin.take() == b"early bird"
    assert client.wire.value().endswith(b"\r\n\r\nworm")
    assert not origin.paused


@pytest.mark.parametrize("slow", ["client", "origin"])
def test_neither_side_is_read_faster_than_the_other_takes_it(tunnel, slow: str) -> None:
    client, origin = tunnel
    ends = {"client": (client.wire, origin.wire), "origin": (origin.wire, client.wire)}
    full, read = ends[slow]
    full.room = 100
    (origin.say if slow == "client" else client.send)(b"x" * 200)
    assert read.producerState == "paused"
    full.clear()
    full.producer.resumeProducing()
    assert read.producerState == "producing"


def test_each_direction_ends_by_itself(tunnel) -> None:
    client, origin = tunnel
    client.connection.readConnectionLost()
    assert origin.wire.half_closed
    assert not client.closed
    origin.say(b"still")
    assert client.wire.value() == b"still"
    origin.protocol.readConnectionLost()
    assert client.wire.disconnecting
    assert origin.wire.disconnecting


def test_the_origin_may_end_first(tunnel) -> None:
    client, origin = tunnel
    origin.protocol.readConnectionLost()
    origin.protocol.readConnectionLost()  # as transports do when they are told to read on
    assert client.wire.half_closed
    client.send(b"still")
    assert origin.take() == b"still"
    client.connection.readConnectionLost()
    assert client.wire.disconnecting
    assert origin.wire.disconnecting


@pytest.mark.parametrize("who", ["client", "origin"])
def test_an_end_that_goes_takes_the_other_along(tunnel, who: str) -> None:
    client, origin = tunnel
    if who == "client":
        client.break_off()
        assert origin.wire.disconnecting
        origin.leave()
    else:
        origin.leave()
        assert client.wire.disconnecting
        client.leave()
    assert client.route.origins[0].opened == 0


def test_a_tunnel_may_be_silent(tunnel, origins) -> None:
    client, origin = tunnel
    origins.wait(300)
    assert not client.closed
    assert not origin.closed


def test_a_tunnel_is_closed_with_the_service(tunnel) -> None:
    client, origin = tunnel
    client.factory.drain()
    assert client.closed
    client.leave()
    assert origin.wire.disconnecting


def test_another_status_is_an_ordinary_response(proxied, origins) -> None:
    client = proxied()
    client.send(WISH.encode())
    origin = origins.accept()
    origin.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    (answer,) = client.answers()
    assert (answer.status, answer.body) == (403, b"no")
    client.wire.clear()
    origin.take()
    client.send(b"GET /p/b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert origin.take().startswith(b"GET /p/b ")


@pytest.mark.parametrize("named", ["h2c", "TLS/1.0", "other", "websocket, h2c"])
def test_only_what_is_named_may_follow(proxied, origins, named: str) -> None:
    client = proxied()
    client.send(WISH.replace("Upgrade: websocket", f"Upgrade: {named}").encode())
    origin = origins.accept()
    sent = origin.take()
    assert b"pgrade" not in sent
    origin.say(SWITCH)
    assert [answer.status for answer in client.answers()] == [502]
    assert origin.closed


@pytest.mark.parametrize(
    "answer", [SWITCH.replace(b": websocket", b": h2c"), SWITCH.replace(b"Upgrade: w", b"X: w")]
)
def test_an_origin_that_switches_to_something_else(proxied, origins, answer: bytes) -> None:
    client = proxied()
    client.send(WISH.encode())
    origin = origins.accept()
    origin.say(answer)
    assert [answer.status for answer in client.answers()] == [502]
    assert origin.closed


def test_other_protocols_if_they_are_named(proxied, origins) -> None:
    client = proxied(upgrades=("Echo",))
    client.send(WISH.replace("websocket", "echo").encode())
    origin = origins.accept()
    assert b"\r\nUpgrade: echo\r\n" in origin.take()
    origin.say(b"HTTP/1.1 101 Yes\r\nUpgrade: Echo\r\nConnection: upgrade\r\n\r\n")
    client.send(b"hello")
    assert origin.take() == b"hello"


@pytest.mark.parametrize("name", ["h2c", "H2C", "HTTP/2.0", "TLS/1.2"])
def test_protocols_that_would_carry_requests_past_us(proxied, name: str) -> None:
    with pytest.raises(ValueError, match="ask the origin for anything"):
        proxied(upgrades=(name,))


# -- from HTTP/2 -------------------------------------------------------------------------------------


@pytest.fixture
def extended_connect(clock, origins):
    """Ask a route as HTTP/2 does; the answer, and the connection to the origin."""

    def ask(**settings: Any) -> tuple[list[Any], Any]:
        route = ProxyRoute([OriginURL.parse("unix:one")], reactor=clock, journal=Journal("web"), **settings)
        request = Request(
            "GET",
            "/p/a",
            headers=Headers([("sec-websocket-protocol", "chat")]),
            host="a.test",
            version="2",
            upgrade="websocket",
        )

        class Nothing:
            def wanted(self) -> None: ...
            def taken(self, size: int) -> None: ...

        answer = route.respond(StreamingRequest(request, BodyStream(Nothing(), None)), "a")
        results: list[Any] = []
        answer.addBoth(results.append)
        return results, origins.accept()

    return ask


def key_in(sent: bytes) -> bytes:
    (key,) = [line[19:] for line in sent.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: ")]
    assert len(base64.b64decode(key)) == 16
    return key


def test_the_origin_gets_a_key_that_http_2_has_not(extended_connect) -> None:
    results, origin = extended_connect()
    sent = origin.take()
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in sent
    digest = hashlib.sha1(key_in(sent) + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    origin.say(SWITCH.replace(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", base64.b64encode(digest)))
    (upgrade,) = results
    assert type(upgrade) is Upgrade
    assert (upgrade.token, upgrade.headers) == ("websocket", (("Sec-WebSocket-Protocol", "chat"),))


def test_an_origin_that_has_not_understood_the_key(extended_connect) -> None:
    results, origin = extended_connect()
    origin.say(SWITCH)
    (failure,) = results
    assert failure.value.status == 502
    assert origin.closed


def test_a_protocol_that_may_not_follow_is_refused(extended_connect, origins) -> None:
    with pytest.raises(HTTPError) as raised:
        extended_connect(upgrades=())
    assert raised.value.status == 501
    assert origins.attempts == []
