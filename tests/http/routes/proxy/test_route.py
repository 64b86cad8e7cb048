"""Requests through a proxy, in memory."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionLost

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /p/a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n"


def post(body: bytes, path: str = "/p/a", fields: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
    return head.encode() + body


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


# -- one request -------------------------------------------------------------------------------------


def test_a_request_and_its_response(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    assert origin.take().decode().split("\r\n") == [
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
    origins.wait(2.5)
    assert origin.closed


def test_the_route_closes_what_it_has_open(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(OK)
    client.factory.stop()
    assert origin.closed


# -- contents of requests ----------------------------------------------------------------------------


def test_content_that_is_here_goes_at_once(proxied, origins) -> None:
    client = proxied()
    client.send(post(b"hello"))
    origin = origins.accept()
    sent = origin.take()
    assert sent.endswith(b"\r\nContent-Length: 5\r\n\r\nhello")
    assert sent.lower().count(b"content-length") == 1
    origin.say(OK)
    assert statuses(client) == [200]


def test_content_as_it_comes(proxied, origins) -> None:
    client = proxied()
    whole = post(b"0123456789")
    client.send(whole[:-8])
    origin = origins.accept()
    assert origin.take().endswith(b"\r\n\r\n01")
    client.send(b"234")
    assert origin.take() == b"234"
    client.send(b"56789")
    assert origin.take() == b"56789"
    origin.say(OK)
    assert statuses(client) == [200]


def test_chunks_are_made_anew(proxied, origins) -> None:
    client = proxied()
    client.send(b"PUT /p/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n")
    origin = origins.accept()
    sent = origin.take()
    assert sent.count(b"Transfer-Encoding: chunked\r\n") == 1
    assert b"Content-Length" not in sent
    assert sent.endswith(b"\r\n\r\n3\r\nabc\r\n")
    client.send(b"01\r\nd\r\n0\r\nX-T: 1\r\n\r\n")
    assert origin.take() == b"1\r\nd\r\n0\r\n\r\n"
    origin.say(OK)
    assert statuses(client) == [200]


def test_nobody_waits_for_content_before_there_is_a_connection(proxied, origins) -> None:
    client = proxied()
    client.send(b"POST /p/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.wire.value() == b""
    origin = origins.accept()
    assert client.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"xpect" not in origin.take()
    client.wire.clear()
    client.send(b"abc")
    assert origin.take() == b"abc"
    origin.say(OK)
    assert statuses(client) == [200]


def test_content_is_read_no_faster_than_the_origin_takes_it(proxied, origins) -> None:
    client = proxied()
    client.send(post(b"x" * 1_000_000)[:100])
    origin = origins.accept()
    origin.wire.room = 1000
    for _ in range(20):
        if client.wire.producerState == "paused":
            break
        client.send(b"x" * 10_000)
    assert client.wire.producerState == "paused"
    origin.take()
    origin.wire.producer.resumeProducing()
    assert client.wire.producerState == "producing"


def test_content_is_held_back_while_there_is_no_connection(proxied, origins) -> None:
    client = proxied()
    client.send(post(b"x" * 1_000_000)[:200_000])
    assert client.wire.producerState == "paused"
    origins.accept()
    assert client.wire.producerState == "producing"


def test_an_origin_that_answers_before_the_content_is_here(proxied, origins) -> None:
    client = proxied()
    client.send(post(b"x" * 100)[:-50])
    origin = origins.accept()
    origin.say(OK.replace(b"200", b"413"))
    assert statuses(client) == [413]
    assert origin.closed
    client.send(b"x" * 50 + GET)
    origins.accept().say(OK)
    assert statuses(client) == [413, 200]


def test_both_ways_at_once(proxied, origins) -> None:
    client = proxied()
    client.send(b"POST /p/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for letter in b"abc":
        origin.take()
        client.send(b"1\r\n%c\r\n" % letter)
        assert origin.take() == b"1\r\n%c\r\n" % letter
        client.wire.clear()
        origin.say(b"1\r\n%c\r\n" % letter)
        client.turn()
        assert b"1\r\n%c\r\n" % letter in client.wire.value()
    client.send(b"0\r\n\r\n")
    origin.say(b"0\r\n\r\n")
    client.turn()
    assert client.wire.value().endswith(b"0\r\n\r\n")
    assert not origin.closed


def test_content_that_is_too_long_ends_the_request(connect, proxied, origins) -> None:
    client = connect({"/p/": proxied().route}, body=100)
    client.send(b"POST /p/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    origin = origins.accept()
    client.send(b"ff\r\n" + b"x" * 255 + b"\r\n")
    assert origin.closed
    assert statuses(client) == [413]


def test_broken_chunks_never_end_at_the_origin(proxied, origins) -> None:
    client = proxied()
    client.send(b"POST /p/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    origin = origins.accept()
    client.send(b"zz\r\n")
    assert not origin.take().endswith(b"0\r\n\r\n")
    assert origin.closed
    assert statuses(client) == [400]


# -- clients that leave, or do not read --------------------------------------------------------------


def test_a_response_is_read_no_faster_than_the_client_takes_it(proxied, origins) -> None:
    client = proxied()
    client.wire.room = 1000
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    sent = 0
    while not origin.paused:
        origin.say(b"x" * 20_000)
        client.turn()
        sent += 20_000
        assert sent < 300_000
    client.wire.clear()
    client.wire.producer.resumeProducing()
    client.turn()
    assert not origin.paused


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"])
def test_a_client_that_leaves_ends_its_request(proxied, origins, said: bytes) -> None:
    client = proxied()
    client.send(GET)
    origin = origins.accept()
    origin.say(said)
    client.turn()
    client.break_off()
    assert origin.closed


def test_a_client_that_leaves_while_its_content_comes(proxied, origins, failures) -> None:
    client = proxied()
    client.send(post(b"x" * 100)[:-50])
    origin = origins.accept()
    client.break_off()
    assert origin.closed
    assert failures == []


def test_a_client_that_leaves_before_there_is_a_connection(proxied, origins) -> None:
    client = proxied()
    client.send(GET)
    attempt = origins.attempt()
    client.break_off()
    assert attempt.stopped
    assert client.route.origins[0].opened == 0


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
