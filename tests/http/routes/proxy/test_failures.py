"""Origins that fail, and what is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionLost

from protocols.http import Headers, Request, StreamingRequest
from protocols.http.body import BodyStream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /p/a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n"


def post(body: bytes) -> bytes:
    return b"POST /p/a HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


# -- origins that fail -------------------------------------------------------------------------------


def test_an_origin_that_refuses(proxied, origins, failures) -> None:
    client = proxied()
    client.send(GET)
    origins.attempt().refuse()
    (answer,) = client.answers()
    assert answer.status == 502
    assert b"sock" not in answer.body
    assert failures == []
    assert client.route.origins[0].opened == 0


def test_an_origin_that_does_not_connect_in_time(proxied, origins) -> None:
    client = proxied(connect=3)
    client.send(GET)
    attempt = origins.attempt()
    origins.wait(4)
    assert attempt.stopped
    assert statuses(client) == [504]


def test_an_origin_that_does_not_answer_in_time(proxied, origins) -> None:
    client = proxied(timeout=10)
    client.send(GET)
    origin = origins.accept()
    origins.wait(9)
    assert statuses(client) == []
    origins.wait(2)
    assert statuses(client) == [504]
    assert origin.closed


def test_a_slow_client_is_no_slow_origin(proxied, origins) -> None:
    client = proxied(timeout=2)
    client.send(post(b"ab")[:-1])
    origin = origins.accept()
    origins.wait(6)
    client.send(b"b")
    origin.say(OK)
    assert statuses(client) == [200]


def test_an_origin_that_does_not_read(proxied, origins) -> None:
    client = proxied(idle=3)
    client.send(post(b"x" * 100_000)[:5000])
    origin = origins.accept()
    origin.wire.room = 0
    client.send(b"x" * 5000)
    origins.wait(4)
    assert statuses(client) == [504]
    assert origin.closed


def test_a_response_that_stands_still_is_cut_off(proxied, origins) -> None:
    client = proxied(idle=3)
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
    client.turn()
    origins.wait(2)
    origin.say(b"x")
    origins.wait(2)
    assert not client.wire.aborted
    origins.wait(2)
    assert client.wire.aborted
    assert origin.closed


@pytest.mark.parametrize("head", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_a_response_that_is_cut_off_is_not_taken_for_whole(proxied, origins, head: str, failures) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n1\r\na\r\n".encode())
    client.turn()
    origin.leave()
    client.turn()
    assert client.wire.aborted
    assert not client.wire.value().endswith(b"0\r\n\r\n")
    assert failures == []


def test_a_response_until_the_connection_is_reset_is_not_whole(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\n\r\nx")
    client.turn()
    origin.leave(ConnectionLost)
    client.turn()
    assert client.wire.aborted


def test_an_origin_that_shuts_down_its_side_has_ended_its_response(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\n\r\nx")
    client.turn()
    origin.protocol.readConnectionLost()
    client.turn()
    (answer,) = client.answers()
    assert answer.body == b"x"
    assert origin.closed


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\nX: y\n\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
        b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 700 High\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300,
    ],
)
def test_a_response_that_cannot_be_read(proxied, origins, response: bytes, failures) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(response)
    assert statuses(client) == [502]
    assert origin.closed
    assert failures == []


def test_what_cannot_be_passed_on_leaves_the_connection_alone(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    origin.take()

    class Nothing:
        def wanted(self) -> None: ...
        def taken(self, size: int) -> None: ...

    request = Request("GET", "/p/", headers=Headers([("a", "b\r\nc: d")]), host="a.test")
    results: list[Any] = []
    client.route.respond(StreamingRequest(request, BodyStream(Nothing(), 0)), "").addBoth(results.append)
    assert results[0].value.status == 400
    assert origin.take() == b""
    client.send(GET)
    origin.say(OK)
    assert statuses(client) == [200, 200]


# -- what is tried again -----------------------------------------------------------------------------


def test_a_stale_connection_is_replaced(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    client.send(GET)
    stale.leave()
    origins.accept().say(OK)
    assert statuses(client) == [200, 200]


def test_a_connection_that_was_closed_meanwhile_is_not_used(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    stale.leave()
    client.send(post(b"x"))
    origins.accept().say(OK)
    assert statuses(client) == [200, 200]


@pytest.mark.parametrize("request_", [post(b"x"), post(b"").replace(b"POST", b"PATCH")])
def test_what_may_have_had_an_effect_is_not_repeated(proxied, origins, request_: bytes) -> None:
    client = proxied("unix:one.sock", "unix:two.sock")
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    for _ in range(2):
        client.send(request_)
        if origins.attempts:
            origins.accept().leave()
        else:
            stale.leave()
    assert statuses(client) == [200, 502, 502]
    assert origins.attempts == []


def test_a_stale_connection_is_replaced_once(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    client.send(GET)
    stale.leave()
    origins.accept().leave()
    assert statuses(client) == [200, 502]


def test_nothing_is_repeated_once_an_answer_has_begun(proxied, origins) -> None:
    client = proxied("unix:one.sock", "unix:two.sock")
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 2")
    origin.leave()
    assert statuses(client) == [502]
