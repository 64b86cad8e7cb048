"""Requests through a proxy, in memory."""

from __future__ import annotations

import re

import pytest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /p/a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n"


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


# -- one request -------------------------------------------------------------------------------------


def test_a_request_and_its_response(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    told = origin.take().decode().split("\r\n")
    assert re.fullmatch("X-Request-Id: [0-9a-f]{16}", told.pop(3))
    assert told == [
        "GET /p/a?b=c HTTP/1.1",
        "Host: a.test",
        "Via: 1.1 polyport",
        'Forwarded: for=192.0.2.7;proto=http;host="a.test"',
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: a.test",
        "",
        "",
    ]
    origin.say(b"HTTP/1.1 201 Made\r\nX-A: 1\r\nServer: theirs\r\nContent-Length: 2\r\n\r\nok")
    (answer,) = client.answers()
    assert (answer.status, answer.body) == (201, b"ok")
    assert answer.headers.items() == [("X-A", "1"), ("Server", "theirs"), *answer.headers.items()[2:]]
    assert [name for name, _ in answer.headers.items()[2:]] == ["Date", "Content-Length"]


def test_the_same_byte_by_byte(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n":
        origin.say(bytes([byte]))
        client.turn()
    (answer,) = client.answers()
    assert (answer.status, answer.body, answer.headers["X-Trailer"]) == (200, b"ok", None)


@pytest.mark.parametrize(
    "head", ["Content-Length: 200000", "Transfer-Encoding: chunked", "Connection: close"]
)
def test_a_long_response_in_pieces(proxied, origins, head: str) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
    for _ in range(10):
        piece = b"x" * 20_000
        origin.say(b"%x\r\n%b\r\n" % (len(piece), piece) if "chunked" in head else piece)
        client.turn()
    if "chunked" in head:
        origin.say(b"0\r\n\r\n")
    elif "close" in head:
        origin.leave()
    client.turn()
    (answer,) = client.answers()
    assert answer.body == b"x" * 200_000
    assert answer.headers["Content-Length"] == ("200000" if "Length" in head else None)


def test_a_stream_that_has_not_begun_is_announced(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.turn()
    assert b"\r\nContent-Type: text/event-stream\r\n" in client.wire.value()


@pytest.mark.parametrize(
    ("method", "response", "status", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", 200, "77"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, None),
        ("HEAD", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 404, "0"),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", 204, None),
        ("GET", b"HTTP/1.1 304 No\r\nContent-Length: 77\r\n\r\n", 304, None),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"),
    ],
)
def test_responses_without_content(proxied, origins, method, response, status, length) -> None:
    client = proxied()
    client.send(GET.replace(b"GET", method.encode()))
    origin = origins.accept()
    origin.say(response)
    (answer,) = client.answers(method)
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (status, length, b"")
    client.wire.clear()
    origin.take()
    client.send(GET)
    assert origins.attempts == []  # the connection is used again
    assert origin.take().startswith(b"GET /p/a")
    origin.say(OK)
    assert statuses(client) == [200]


def test_informational_responses_are_not_passed_on(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    assert client.wire.value() == b""
    origin.say(OK)
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Link"]) == (200, None)


def test_an_old_client_gets_what_ends_with_the_connection(proxied, origins) -> None:
    client = proxied()
    client.send(GET.replace(b"1.1", b"1.0"))
    origin = origins.accept()
    assert origin.take().startswith(b"GET /p/a?b=c HTTP/1.1\r\n")
    origin.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    client.turn()
    origin.say(b"0\r\n\r\n")
    client.turn()
    head, _, content = client.wire.value().partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    assert content == b"ok"
    assert client.closed


# -- connections -------------------------------------------------------------------------------------


def test_a_connection_is_used_again(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    for _ in range(3):
        client.send(GET)
        origin.say(OK)
    assert statuses(client) == [200] * 4
    assert origins.attempts == []


def test_requests_of_one_burst_share_a_connection(proxied, origins) -> None:
    client = proxied()
    client.send(GET * 3)
    origin = origins.accept()
    for _ in range(3):
        assert origin.take().count(b"GET") == 1
        origin.say(OK)
        client.turn()
    assert statuses(client) == [200] * 3
    assert origins.attempts == []


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"surplus",
        OK + OK,
        OK + b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_a_connection_that_is_not_used_again(proxied, origins, response: bytes) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(response)
    assert [answer.body for answer in client.answers()] == [b"ok"]
    assert origin.closed
    client.send(GET)
    origins.accept().say(OK)
    assert statuses(client) == [200, 200]


def test_an_answer_that_nobody_asked_for_closes_the_connection(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    origin.say(OK.replace(b"ok", b"no"))
    assert origin.closed
    client.send(GET)
    origins.accept().say(OK)
    assert [answer.body for answer in client.answers()] == [b"ok", b"ok"]


def test_an_unused_connection_is_closed_after_a_while(proxied, origins) -> None:
    client = proxied(keep_alive=5)
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    origins.wait(4)
    assert not origin.closed
    origins.wait(2)
    assert origin.wire.disconnecting
    assert not origin.wire.aborted
    origins.wait(3)
    assert origin.wire.aborted  # the origin has not followed


def test_the_route_closes_what_it_has_open(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    client.factory.stop()
    assert origin.closed


# -- what is asked -----------------------------------------------------------------------------------


def test_an_ambiguous_path_is_refused_without_a_connection(proxied, origins) -> None:
    client = proxied("unix:one.sock:/base/")
    assert client.ask("GET", "/p/..;/x").status == 400
    assert origins.attempts == []


@pytest.mark.parametrize("host", ["preserve", "origin"])
def test_the_host_that_the_origin_sees(proxied, origins, host: str) -> None:
    client = proxied(host=host)
    client.send(GET)
    sent = origins.accept().take()
    assert (b"\r\nHost: a.test\r\n" in sent) == (host == "preserve")
    assert sent.count(b"\r\nHost: ") == 1
    assert b"X-Forwarded-Host: a.test" in sent


@pytest.mark.parametrize(
    ("location", "rewrite", "found"),
    [("/base/x", True, "/p/x"), ("/base/x", False, "/base/x"), ("http://b.test/base/", True, None)],
)
def test_where_redirects_lead(proxied, origins, location: str, rewrite: bool, found: str | None) -> None:
    client = proxied("unix:one.sock:/base/", rewrite=rewrite)
    client.send(GET)
    origins.accept().say(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    assert client.answers()[0].headers["Location"] == found or location


def test_options_and_every_other_method_are_the_origins_affair(proxied, origins) -> None:
    client = proxied()
    client.send(GET.replace(b"GET", b"OPTIONS"))
    origin = origins.accept()
    assert origin.take().startswith(b"OPTIONS /p/a?b=c ")
    origin.say(OK)
    assert statuses(client) == [200]
