from __future__ import annotations

import asyncio

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from protocols.http.routes.asgi.route import ASGIRoute
from protocols.http.source import PIECE

GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"
CHUNKED = b"POST /app/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes, more: bool = False) -> dict:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def read(receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        pieces.append(message["body"])
        if not message["more_body"]:
            return b"".join(pieces)


async def echo(scope, receive, send):
    data = await read(receive)
    await send(start((b"x-path", scope["root_path"].encode() + b"|" + scope["path"].encode())))
    await send(body(scope["method"].encode() + b" " + data))


@pytest_twisted.ensureDeferred
async def test_an_answer(site) -> None:
    app = site(echo)
    answer = await app.ask("POST", "/app/a%20b?c", b"hello")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"POST hello", "10")
    assert answer.headers["X-Path"] == "/app|/app/a b"
    assert (await app.ask("GET", "/app/")).body == b"GET "


@pytest_twisted.ensureDeferred
async def test_an_answer_that_waits_for_nothing_is_there_at_once(site) -> None:
    served = site(echo)
    served.send(GET)
    assert served.value.endswith(b"GET ")


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
async def test_content_is_read_as_it_comes_and_answered_meanwhile(site) -> None:
    async def app(scope, receive, send):
        await send(START)
        while True:
            message = await receive()
            await send(body(message["body"].upper(), message["more_body"]))
            if not message["more_body"]:
                break

    served = site(app)
    served.send(CHUNKED + chunk(b"one"))
    await served.until(lambda: b"ONE" in served.value)
    served.send(chunk(b"two"))
    await served.until(lambda: b"TWO" in served.value)
    served.send(b"0\r\n\r\n")
    await served.until(lambda: served.value.endswith(b"0\r\n\r\n"))


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


@pytest_twisted.ensureDeferred
async def test_an_application_that_does_not_read_stops_the_client(site) -> None:
    go_on: Deferred[None] = Deferred()
    size = 1024 * 1024

    async def app(scope, receive, send):
        await go_on
        data = await read(receive)
        await send(START)
        await send(body(b"%d" % len(data)))

    served = site(app, limits={"body": size})
    served.send(b"POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
    sent = 0
    while served.client.wire.producerState == "producing":
        served.send(b"x" * 8192)
        sent += 8192
    assert sent < size / 4
    go_on.callback(None)
    while sent < size:
        await served.until(lambda: served.client.wire.producerState == "producing")
        served.send(b"x" * 8192)
        sent += 8192
    await served.until(lambda: served.value)
    assert served.value.endswith(b"1048576")


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_the_answer(site, journal) -> None:
    messages = []
    asked: Deferred[None] = Deferred()

    async def app(scope, receive, send):
        messages.append(await receive())
        asked.callback(None)
        messages.append(await receive())
        with pytest.raises(OSError, match="client"):
            await send(START)
        messages.append(await receive())
        raise KeyError("not of interest")

    served = site(app)
    served.send(GET)
    await asked
    served.client.break_off()
    await served.until(lambda: len(messages) == 3)
    assert [message["type"] for message in messages] == ["http.request", "http.disconnect", "http.disconnect"]
    assert journal.counts.failures == 0


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_during_the_body(site) -> None:
    raised = []

    async def app(scope, receive, send):
        await send(START)
        try:
            while True:
                await send(body(b"x" * PIECE, True))
        except OSError as error:
            raised.append(error)
            raise

    served = site(app)
    served.client.wire.room = 1000
    served.send(GET)
    await served.until(lambda: served.client.connection.blocked)
    served.client.break_off()
    await served.until(lambda: raised)


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_in_its_content(site) -> None:
    messages = []

    async def app(scope, receive, send):
        while True:
            messages.append(await receive())
            if messages[-1]["type"] == "http.disconnect":
                return

    served = site(app)
    served.send(CHUNKED + chunk(b"one"))
    await served.until(lambda: messages)
    served.client.break_off()
    await served.until(lambda: messages[-1]["type"] == "http.disconnect")
    assert messages[0] == {"type": "http.request", "body": b"one", "more_body": True}


@pytest_twisted.ensureDeferred
async def test_one_that_goes_on_without_its_client_is_cancelled_in_the_end(site) -> None:
    cancelled = []

    async def app(scope, receive, send):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    served = site(app, timeout=0.05)
    served.send(GET)
    served.client.break_off()
    assert not cancelled
    await served.until(lambda: cancelled)


@pytest_twisted.ensureDeferred
async def test_after_the_response_the_client_is_gone_and_the_task_may_go_on(site) -> None:
    done = []
    go_on: Deferred[None] = Deferred()

    async def app(scope, receive, send):
        await read(receive)
        await send(START)
        await send(body(b"ok"))
        done.append(await receive())
        await go_on
        done.append("background")

    served = site(app)
    assert (await served.ask("GET", "/app/")).body == b"ok"
    served.client.leave()
    await served.until(lambda: done == [{"type": "http.disconnect"}])
    ended = served.route.end()
    go_on.callback(None)
    await ended
    assert done[1:] == ["background"]


@pytest_twisted.ensureDeferred
async def test_a_receive_that_is_given_up_loses_nothing(site) -> None:
    found = []

    async def app(scope, receive, send):
        task = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        found.append(await read(receive))
        await send(START)
        await send(body(b"ok"))

    served = site(app)
    served.send(b"POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    for _ in range(4):
        await served.turn()
    served.send(b"hello")
    await served.until(lambda: served.value)
    assert found == [b"hello"]


@pytest_twisted.ensureDeferred
async def test_more_than_the_route_takes_is_413(site) -> None:
    messages = []

    async def app(scope, receive, send):
        while True:
            messages.append((await receive())["type"])
            if messages[-1] == "http.disconnect":
                break

    served = site(app, limits={"body": 1000})
    served.send(CHUNKED + chunk(b"x" * 600))
    await served.until(lambda: messages)
    served.send(chunk(b"x" * 600))
    await served.until(lambda: served.value)
    assert served.client.answers()[0].status == 413
    await served.until(lambda: messages[-1] == "http.disconnect")


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


@pytest_twisted.ensureDeferred
async def test_a_response_that_does_not_begin_in_time(site, failures) -> None:
    cancelled = []

    async def app(scope, receive, send):
        try:
            await Deferred()
        finally:
            cancelled.append(True)

    served = site(app, timeout=0.05, name="shop:app")
    assert (await served.ask("GET", "/app/")).status == 504
    assert "shop:app did not begin its response within 0.05 s" in str(failures[0]["error"])
    await served.until(lambda: cancelled)


@pytest_twisted.ensureDeferred
async def test_what_runs_when_the_route_stops_is_cancelled(site) -> None:
    cancelled = []

    async def app(scope, receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    served = site(app)
    served.send(GET)
    served.route.stop()
    await served.until(lambda: cancelled)


@pytest_twisted.ensureDeferred
async def test_state_is_every_request_s_own_copy(site) -> None:
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope["state"]))
        scope["state"]["other"] = 1
        await send(START)
        await send(body(b""))

    served = site(app)
    served.route._runtime.state["db"] = "db"
    await served.ask("GET", "/app/")
    await served.ask("GET", "/app/")
    assert seen == [{"db": "db"}, {"db": "db"}]


def test_what_is_no_application(clock, journal) -> None:
    with pytest.raises(TypeError, match="cannot be called"):
        ASGIRoute("app", reactor=clock, journal=journal)  # type: ignore[arg-type]


def test_a_reactor_without_asyncio(journal) -> None:
    with pytest.raises(ValueError, match="--reactor=polyport"):
        ASGIRoute(echo, reactor=Clock(), journal=journal)


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
