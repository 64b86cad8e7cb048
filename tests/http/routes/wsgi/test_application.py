from __future__ import annotations

import sys
from io import BytesIO
from threading import Event

import pytest

PLAIN = [("Content-Type", "text/plain")]


def test_write(site) -> None:
    def app(environ, start_response):
        write = start_response("200 OK", PLAIN)
        write(b"a")
        write(b"b" * 3)
        return [b"c"]

    assert site(app).ask("GET", "/app/").body == b"abbbc"


def test_write_raises_when_the_client_has_gone(site) -> None:
    raised = Event()

    def app(environ, start_response):
        write = start_response("200 OK", PLAIN)
        try:
            while True:
                write(b"x" * 1000)
        except OSError:
            raised.set()
            raise

    served = site(app)
    served.client.wire.room = 1000
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: served.client.connection.blocked)
    served.client.break_off()
    assert raised.wait(10)


@pytest.mark.parametrize("status", ["200", "299 Something Odd", "404 ", "500 Error"])
def test_statuses(site, status: str) -> None:
    def app(environ, start_response):
        start_response(status, PLAIN)
        return []

    assert site(app).ask("GET", "/app/").status == int(status[:3])


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("abc", []),
        ("20", []),
        ("2000 OK", []),
        (b"200 OK", []),
        ("100 Continue", []),
        ("200 OK", {}),
        ("200 OK", [("X", 1)]),
        ("200 OK", [("X", "a\r\nY: b")]),
        ("200 OK", [("X Y", "a")]),
        ("200 OK", [("Content-Length", "-1")]),
    ],
)
def test_a_head_that_cannot_be_sent(site, failures, status, headers) -> None:
    def app(environ, start_response):
        start_response(status, headers)
        return [b"hello"]

    assert site(app).ask("GET", "/app/").status == 500
    (event,) = failures
    assert event["log_failure"].check(ValueError, TypeError)


@pytest.mark.parametrize("what", ["nothing", "twice", "text", "raised", "late"])
def test_the_mistakes_of_an_application(site, failures, what: str) -> None:
    def app(environ, start_response):
        if what == "raised":
            raise KeyError("mine")
        if what != "nothing":
            start_response("200 OK", PLAIN)
        if what == "twice":
            start_response("200 OK", PLAIN)
        if what == "late":
            return iter([b"", "text"])
        return ["text"] if what == "text" else [b""]

    assert site(app).ask("GET", "/app/").status == 500
    assert len(failures) == 1


def test_exc_info_replaces_a_head_that_was_not_sent(site) -> None:
    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        try:
            raise KeyError
        except KeyError:
            start_response("503 Broken", PLAIN, sys.exc_info())
        return [b"sorry"]

    answer = site(app).ask("GET", "/app/")
    assert (answer.status, answer.body) == (503, b"sorry")


def test_exc_info_is_raised_once_the_head_has_been_sent(site, failures) -> None:
    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b"begun"
        try:
            raise KeyError("mine")
        except KeyError:
            start_response("503 Broken", PLAIN, sys.exc_info())

    served = site(app)
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: served.client.wire.aborted)
    assert failures[0]["log_failure"].check(KeyError)


def test_close_is_called_and_what_it_raises_harms_nobody(site, failures) -> None:
    class Body(list):
        def close(self) -> None:
            raise KeyError("mine")

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        return Body([b"hello"])

    assert site(app).ask("GET", "/app/").body == b"hello"
    assert failures[0]["log_failure"].check(KeyError)


def test_close_is_called_after_an_error(site, failures) -> None:
    closed = Event()

    class Body:
        def __iter__(self):
            raise KeyError("mine")

        def close(self) -> None:
            closed.set()

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        return Body()

    assert site(app).ask("GET", "/app/").status == 500
    assert closed.is_set()
    assert len(failures) == 1


@pytest.mark.parametrize("as_list", [True, False])
def test_more_than_was_announced_is_cut(site, failures, as_list: bool) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "3")])
        blocks = [b"ab", b"cde", b"f"]
        return blocks if as_list else iter(blocks)

    served = site(app)
    assert served.ask("GET", "/app/").body == b"abc"
    assert served.ask("GET", "/app/").body == b"abc"
    assert "announced 3 bytes" in str(failures[0]["error"])


def test_less_than_was_announced_is_an_error_while_it_can_be_told(site, failures) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "3")])
        return [b"ab"]

    assert site(app).ask("GET", "/app/").status == 500
    assert "sent 2" in str(failures[0]["error"])


def test_less_than_was_announced_breaks_the_connection_later(site, failures) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "3")])
        yield b"ab"

    served = site(app)
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: served.client.wire.aborted)
    assert "sent 2" in str(failures[0]["error"])


def test_an_error_behind_a_whole_body_harms_nobody(site, failures) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "5")])
        yield b"hello"
        raise KeyError("mine")

    served = site(app)
    assert served.ask("GET", "/app/").body == b"hello"
    served.until(lambda: failures)
    assert failures[0]["log_failure"].check(KeyError)


@pytest.mark.parametrize("announced", ["5", None])
@pytest.mark.parametrize("kind", [list, iter])
def test_head(site, announced: str | None, kind) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, *([("Content-Length", announced)] if announced else [])])
        return kind([b"hello"])

    served = site(app)
    answer = served.ask("HEAD", "/app/")
    assert (answer.status, answer.body) == (200, b"")
    known = announced or ("5" if kind is list else None)
    assert answer.headers["Content-Length"] == known
    assert served.ask("GET", "/app/").body == b"hello"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_a_body(site, status: str) -> None:
    def app(environ, start_response):
        start_response(status, [("ETag", '"x"')])
        return iter([b"hello"])

    served = site(app)
    for _ in range(2):
        answer = served.ask("GET", "/app/")
        assert (answer.body, answer.headers["ETag"]) == (b"", '"x"')


def test_file_wrapper(site) -> None:
    content = b"0123456789" * 20_000
    file = BytesIO(content)

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        return environ["wsgi.file_wrapper"](file, 512)

    answer = site(app).ask("GET", "/app/")
    assert answer.body == content
    assert file.closed
