from __future__ import annotations

import hashlib
from threading import Event

import pytest

from protocols.http.routes.wsgi.call import GATHERED

PLAIN = [("Content-Type", "text/plain")]
CHUNKED = b"POST /app/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


READERS = {
    "read": lambda stream: stream.read(),
    "sizes": lambda stream: b"".join(iter(lambda: stream.read(7), b"")),
    "line": lambda stream: b"".join(iter(stream.readline, b"")),
    "limited": lambda stream: b"".join(iter(lambda: stream.readline(3), b"")),
    "lines": lambda stream: b"".join(stream.readlines()),
    "iteration": lambda stream: b"".join(stream),
}


@pytest.mark.parametrize("how", READERS)
@pytest.mark.parametrize("known", [True, False])
def test_every_way_to_read(site, how: str, known: bool) -> None:
    content = b"one\ntwo\n\nthree" * 100

    def app(environ, start_response):
        assert environ["wsgi.input_terminated"]
        assert ("CONTENT_LENGTH" in environ) is known
        start_response("200 OK", PLAIN)
        return [READERS[how](environ["wsgi.input"])]

    served = site(app)
    if known:
        assert served.ask("POST", "/app/", content).body == content
        return
    served.send(CHUNKED)
    for start in range(0, len(content), 100):
        served.send(chunk(content[start : start + 100]))
    served.send(b"0\r\n\r\n")
    served.until(lambda: served.value)
    (answer,) = served.client.answers()
    assert answer.body == content


def test_a_thread_is_taken_only_when_short_content_is_here(site) -> None:
    called = Event()

    def app(environ, start_response):
        called.set()
        start_response("200 OK", PLAIN)
        return [environ["wsgi.input"].read()]

    served = site(app)
    served.send(b"POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234")
    served.client.turn()
    assert not called.is_set()
    served.send(b"56789")
    served.until(lambda: served.value)
    assert served.value.endswith(b"0123456789")


def test_it_is_read_as_it_comes_and_answered_meanwhile(site) -> None:
    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        for line in environ["wsgi.input"]:
            yield line.upper()

    served = site(app)
    served.send(CHUNKED + chunk(b"one\n"))
    served.until(lambda: b"ONE" in served.value)
    served.send(chunk(b"two\n"))
    served.until(lambda: b"TWO" in served.value)
    served.send(b"0\r\n\r\n")
    served.until(lambda: served.value.endswith(b"0\r\n\r\n"))


def test_an_application_that_does_not_read_stops_the_client(site) -> None:
    go_on = Event()
    size = 20 * GATHERED

    def app(environ, start_response):
        assert go_on.wait(10)
        digest = hashlib.sha256()
        while piece := environ["wsgi.input"].read(10_000):
            digest.update(piece)
        start_response("200 OK", PLAIN)
        return [digest.hexdigest().encode()]

    served = site(app, limits={"body": size})
    served.send(b"POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
    sent = 0
    while served.client.wire.producerState == "producing":
        served.send(b"x" * 10_000)
        sent += 10_000
    assert GATHERED <= sent <= 2 * GATHERED
    go_on.set()
    while sent < size:
        served.until(lambda: served.client.wire.producerState == "producing")
        served.send(b"x" * min(10_000, size - sent))
        sent += min(10_000, size - sent)
    served.until(lambda: served.value)
    assert served.value.endswith(hashlib.sha256(b"x" * size).hexdigest().encode())


def test_a_client_that_waits_is_told_to_go_on_when_it_is_read(site) -> None:
    begun, go_on = Event(), Event()

    def app(environ, start_response):
        begun.set()
        assert go_on.wait(10)
        start_response("200 OK", PLAIN)
        return [environ["wsgi.input"].read()]

    served = site(app)
    served.send(b"POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert begun.wait(10)
    served.client.turn()
    assert served.value == b""
    go_on.set()
    served.until(lambda: served.value)
    assert served.value == b"HTTP/1.1 100 Continue\r\n\r\n"
    served.send(b"hello")
    served.until(lambda: served.value.endswith(b"hello"))


@pytest.mark.parametrize("swallows", [True, False])
def test_more_than_the_route_takes_is_413(site, swallows: bool) -> None:
    def app(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except OSError:
            if not swallows:
                raise
        start_response("400 Bad Request", PLAIN)
        return [b"could not read it"]

    served = site(app, limits={"body": 1000})
    served.send(CHUNKED + chunk(b"x" * 1001))
    served.until(lambda: served.value)
    (answer,) = served.client.answers()
    assert answer.status == 413


def test_a_client_that_leaves_while_it_is_read(site) -> None:
    reading, raised = Event(), Event()

    def app(environ, start_response):
        assert environ["wsgi.input"].read(3) == b"one"
        reading.set()
        try:
            environ["wsgi.input"].read()
        except OSError:
            raised.set()
            raise

    served = site(app)
    served.send(CHUNKED + chunk(b"one"))
    served.until(reading.is_set)
    served.client.break_off()
    served.until(raised.is_set)


def test_after_the_deadline_what_is_read_is_not_taken_for_the_whole(site, clock, failures) -> None:
    begun, go_on, ended = Event(), Event(), Event()
    read: list[object] = []

    def app(environ, start_response):
        begun.set()
        assert go_on.wait(10)
        try:
            read.append(environ["wsgi.input"].read())
        except OSError as error:
            read.append(error)
        ended.set()

    served = site(app, timeout=5)
    served.send(CHUNKED + chunk(b"one"))
    assert begun.wait(10)
    clock.advance(5)
    go_on.set()
    assert ended.wait(10)
    assert isinstance(read[0], OSError)


def test_a_client_that_sends_is_waited_for(site, clock) -> None:
    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        return [environ["wsgi.input"].read()]

    served = site(app, timeout=5)
    served.send(CHUNKED)
    for _ in range(4):
        clock.advance(4)
        served.send(chunk(b"x" * 4000))
        clock.wait_for_thread()
        served.client.turn()
    served.send(b"0\r\n\r\n")
    served.until(lambda: served.value)
    assert served.client.answers()[0].body == b"x" * 16_000
