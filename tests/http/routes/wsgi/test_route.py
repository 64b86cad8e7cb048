from __future__ import annotations

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
