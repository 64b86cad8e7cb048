from __future__ import annotations

import asyncio

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from protocols.http.source import PIECE

GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, more: bool = False) -> dict:
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest_twisted.ensureDeferred
async def test_the_application_s_own_headers(site) -> None:
    async def app(scope, receive, send):
        headers = (
            (b"date", b"then"),
            (b"server", b"mine"),
            (b"connection", b"close"),
            (b"content-length", b"2"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
        )
        await send(start(*headers))
        await send(body(b"ok"))

    served = site(app)
    for _ in range(2):
        answer = await served.ask("GET", "/app/")
        assert answer.headers.get_all("Date") == ["then"]
        assert answer.headers.get_all("Server") == ["mine"]
        assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        assert "Connection" not in answer.headers


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_stops_the_application(site) -> None:
    made = []
    total = 64

    async def app(scope, receive, send):
        await send(START)
        for number in range(total):
            made.append(number)
            await send(body(bytes([number]) * PIECE, True))
        await send(body(b""))

    served = site(app)
    served.client.wire.room = 1000
    served.send(GET)
    await served.until(lambda: served.client.connection.blocked)
    for _ in range(20):
        await served.turn()
    assert len(made) < 8
    served.client.wire.room = None
    served.client.connection.resumeProducing()
    await served.until(lambda: served.value.endswith(b"0\r\n\r\n"))
    (answer,) = served.client.answers()
    assert answer.body == b"".join(bytes([number]) * PIECE for number in range(total))


async def fail_first(scope, receive, send):
    raise KeyError("mine")


async def say_nothing(scope, receive, send):
    pass


async def only_start(scope, receive, send):
    await send(START)


async def body_first(scope, receive, send):
    await send(body(b"x"))


async def start_twice(scope, receive, send):
    await send(START)
    await send(START)


async def other_type(scope, receive, send):
    await send({"type": "http.response.push"})


async def bad_status(scope, receive, send):
    await send(start(status=99))


async def text_headers(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [("a", "b")]})


async def broken_header(scope, receive, send):
    await send(start((b"a", b"b\r\nc: d")))
    await send(body(b"x"))


async def too_little(scope, receive, send):
    await send(start((b"content-length", b"5")))
    await send(body(b"x"))


def not_async(scope, receive, send):
    return None


MISTAKES = [
    fail_first,
    say_nothing,
    only_start,
    body_first,
    start_twice,
    other_type,
    bad_status,
    text_headers,
    broken_header,
    too_little,
    not_async,
]


@pytest.mark.parametrize("app", MISTAKES)
@pytest_twisted.ensureDeferred
async def test_the_mistakes_of_an_application(site, failures, app) -> None:
    assert (await site(app).ask("GET", "/app/")).status == 500
    assert len(failures) == 1


@pytest.mark.parametrize("how", ["raises", "returns", "little"])
@pytest_twisted.ensureDeferred
async def test_mistakes_once_the_response_has_begun_break_the_connection(site, failures, how: str) -> None:
    async def app(scope, receive, send):
        await send(start((b"content-length", b"50")) if how == "little" else START)
        await send(body(b"begun", True))
        await asyncio.sleep(0)
        if how == "raises":
            raise KeyError("mine")
        if how == "little":
            await send(body(b"end"))

    served = site(app)
    served.send(GET)
    await served.until(lambda: served.client.wire.aborted)
    assert b"begun" in served.value
    assert len(failures) == 1


@pytest_twisted.ensureDeferred
async def test_an_error_behind_the_response_is_logged(site, failures) -> None:
    async def app(scope, receive, send):
        await send(START)
        await send(body(b"ok"))
        raise KeyError("mine")

    assert (await site(app).ask("GET", "/app/")).body == b"ok"
    assert failures[0]["log_failure"].check(KeyError)


@pytest.mark.parametrize("streamed", [True, False])
@pytest_twisted.ensureDeferred
async def test_more_than_was_announced_is_cut(site, failures, streamed: bool) -> None:
    async def app(scope, receive, send):
        await send(start((b"content-length", b"3")))
        if streamed:
            await send(body(b"ab", True))
            await asyncio.sleep(0)
            await send(body(b"cd", True))
        await send(body(b"" if streamed else b"abcd"))

    served = site(app)
    assert (await served.ask("GET", "/app/")).body == b"abc"
    assert (await served.ask("GET", "/app/")).body == b"abc"
    assert len(failures) == 2


@pytest.mark.parametrize("announced", [True, False])
@pytest_twisted.ensureDeferred
async def test_head(site, announced: bool) -> None:
    async def app(scope, receive, send):
        await send(start(*([(b"content-length", b"5")] if announced else [])))
        await send(body(b"" if scope["method"] == "HEAD" and announced else b"hello"))

    served = site(app)
    answer = await served.ask("HEAD", "/app/")
    assert (answer.body, answer.headers["Content-Length"]) == (b"", "5")
    assert (await served.ask("GET", "/app/")).body == b"hello"


@pytest_twisted.ensureDeferred
async def test_an_endless_body_is_made_for_nobody_who_asks_for_the_head(site) -> None:
    ended = []

    async def app(scope, receive, send):
        await send(START)
        try:
            while True:
                await send(body(b"x", True))
        finally:
            ended.append(True)

    answer = await site(app).ask("HEAD", "/app/")
    assert "Content-Length" not in answer.headers
    assert ended


@pytest.mark.parametrize("status", [204, 304])
@pytest_twisted.ensureDeferred
async def test_statuses_without_a_body(site, status: int) -> None:
    async def app(scope, receive, send):
        await send(start((b"etag", b'"x"'), status=status))
        await send(body(b""))

    served = site(app)
    for _ in range(2):
        answer = await served.ask("GET", "/app/")
        assert (answer.status, answer.body, answer.headers["ETag"]) == (status, b"", '"x"')


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest_twisted.ensureDeferred
async def test_a_head_does_not_wait_long_for_its_body(site, method: bytes) -> None:
    go_on: Deferred[None] = Deferred()

    async def app(scope, receive, send):
        await send(START)
        await go_on
        await send(body(b"event"))

    served = site(app, timeout=0.2)
    served.send(GET.replace(b"GET", method))
    await served.until(lambda: b"200 OK" in served.value and served.value.endswith(b"\r\n\r\n"))
    await deferLater(served.reactor, 0.3)  # longer than the deadline, which counts no more
    go_on.callback(None)
    if method == b"GET":
        await served.until(lambda: served.value.endswith(b"5\r\nevent\r\n0\r\n\r\n"))
