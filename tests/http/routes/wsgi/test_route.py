from __future__ import annotations

import sys
from io import BytesIO
from threading import Event
from wsgiref.validate import validator

import pytest

from protocols.http.routes.wsgi.route import WSGIRoute
from protocols.http.source import PIECE

PLAIN = [("Content-Type", "text/plain")]


def echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [*PLAIN, ("X-Path", environ["SCRIPT_NAME"] + "|" + environ["PATH_INFO"])])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]


def test_an_answer(site) -> None:
    app = site(echo)
    answer = app.ask("POST", "/app/a%20b?c", b"hello")
    assert (answer.status, answer.body) == (200, b"POST hello")
    assert answer.headers["X-Path"] == "/app|/a b"
    assert answer.headers["Content-Length"] == "10"
    assert app.ask("GET", "/app/").body == b"GET "


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_validator_has_nothing_to_say(site, method: str) -> None:
    app = site(validator(echo))
    body = b"x" * 10 if method in ("POST", "PUT", "PATCH") else b""
    answer = app.ask(method, "/app/b", body)
    assert (answer.status, answer.body) == (200, b"" if method == "HEAD" else method.encode() + b" " + body)


def test_one_word_between_the_threads_is_enough_for_a_short_answer(site, clock) -> None:
    app = site(echo)
    app.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.wait_for_thread()
    app.client.turn()
    assert app.value.endswith(b"GET ")


def test_an_announced_length_is_kept_and_sent_in_one_piece(site) -> None:
    def app(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "4"), ("Date", "then"), ("Server", "mine")])
        yield b"ab"
        yield b"cd"

    answer = site(app).ask("GET", "/app/")
    assert (answer.body, answer.headers["Content-Length"]) == (b"abcd", "4")
    assert (answer.headers.get_all("Date"), answer.headers.get_all("Server")) == (["then"], ["mine"])


def test_blocks_go_out_while_the_next_is_made(site) -> None:
    go_on = Event()

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b""
        yield b"first"
        assert go_on.wait(10)
        yield b"second"

    served = site(app)
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: b"first" in served.value)
    assert b"second" not in served.value
    go_on.set()
    served.until(lambda: served.value.endswith(b"0\r\n\r\n"))
    (answer,) = served.client.answers()
    assert answer.body == b"firstsecond"


def test_a_client_that_does_not_read_stops_the_thread_and_then_gets_everything(site) -> None:
    made = []
    total = 64

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        for number in range(total):
            made.append(number)
            yield bytes([number]) * PIECE

    served = site(app)
    served.client.wire.room = 1000
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: served.client.connection.blocked)
    # What is in the transport, what is held, and what the thread waits to write.
    served.client.turn()
    assert len(made) < 8
    served.client.wire.room = None
    served.client.connection.resumeProducing()
    served.client.turn()
    served.until(lambda: served.value.endswith(b"0\r\n\r\n"))
    (answer,) = served.client.answers()
    assert answer.body == b"".join(bytes([number]) * PIECE for number in range(total))


def test_a_client_that_leaves_ends_the_iteration_and_close_is_called(site) -> None:
    closed = Event()

    class Endless:
        def __iter__(self):
            return self

        def __next__(self) -> bytes:
            return b"x" * 1000

        def close(self) -> None:
            closed.set()

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        return Endless()

    served = site(app)
    served.client.wire.room = 1000
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: served.client.connection.blocked)
    served.client.break_off()
    assert closed.wait(10)


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


def test_what_it_says_besides_is_logged(site, failures) -> None:
    from twisted.logger import eventAsText, globalLogPublisher

    lines: list[str] = []

    def observe(event) -> None:
        lines.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

    def app(environ, start_response):
        environ["wsgi.errors"].write("one\ntw")
        environ["wsgi.errors"].writelines(["o\n", "three"])
        start_response("200 OK", PLAIN)
        return []

    globalLogPublisher.addObserver(observe)
    try:
        site(app).ask("GET", "/app/")
    finally:
        globalLogPublisher.removeObserver(observe)
    assert [line for line in lines if "says" in line] == [
        f"web: the application says: {word}" for word in ("one", "two", "three")
    ]


def test_a_full_queue_is_503(site, another) -> None:
    go_on, running = Event(), Event()

    def app(environ, start_response):
        running.set()
        assert go_on.wait(10)
        start_response("200 OK", PLAIN)
        return [b"done"]

    served = site(app, threads=1, queue=1)
    waiting = [another(served.client) for _ in range(2)]
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    assert running.wait(10)
    for client in waiting:
        client.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = waiting[1].answers()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    go_on.set()
    served.until(lambda: served.value and waiting[0].wire.value())
    assert waiting[0].answers()[0].body == b"done"


def test_one_that_waits_and_leaves_is_never_called(site, another) -> None:
    go_on, running = Event(), Event()
    calls = []

    def app(environ, start_response):
        calls.append(environ["PATH_INFO"])
        running.set()
        assert go_on.wait(10)
        start_response("200 OK", PLAIN)
        return [b"done"]

    served = site(app, threads=1)
    served.send(b"GET /app/first HTTP/1.1\r\nHost: a\r\n\r\n")
    assert running.wait(10)
    other = another(served.client)
    other.send(b"GET /app/second HTTP/1.1\r\nHost: a\r\n\r\n")
    other.break_off()
    go_on.set()
    served.until(lambda: served.value)
    assert served.ask("GET", "/app/third").body == b"done"
    assert calls == ["/first", "/third"]


def test_a_response_that_does_not_begin_in_time(site, clock, failures) -> None:
    begun, go_on = Event(), Event()

    def app(environ, start_response):
        begun.set()
        assert go_on.wait(10)
        start_response("200 OK", PLAIN)
        return iter([b"late"])

    served = site(app, timeout=5, name="shop:app")
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    assert begun.wait(10)
    clock.advance(5)
    (answer,) = served.client.answers()
    assert answer.status == 504
    assert "shop:app did not begin its response within 5 s" in str(failures[0]["error"])
    go_on.set()
    clock.wait_for_thread()
    served.client.turn()
    assert len(served.client.answers()) == 1


def test_a_body_has_no_deadline(site, clock) -> None:
    go_on = Event()

    def app(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b"first"
        assert go_on.wait(10)
        yield b"second"

    served = site(app, timeout=5, limits={"idle": 0})
    served.send(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n")
    served.until(lambda: b"first" in served.value)
    clock.advance(50)
    go_on.set()
    served.until(lambda: served.value.endswith(b"0\r\n\r\n"))


def test_what_is_no_application(clock, journal) -> None:
    with pytest.raises(TypeError, match="cannot be called"):
        WSGIRoute("app", reactor=clock, journal=journal)  # type: ignore[arg-type]
