"""Contents on their way through a proxy, and clients that are slow or leave."""

from __future__ import annotations

import pytest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /p/a?b=c HTTP/1.1\r\nHost: a.test\r\n\r\n"


def post(body: bytes) -> bytes:
    return b"POST /p/a HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


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
