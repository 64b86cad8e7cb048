from __future__ import annotations

import asyncio

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.http.routes.asgi.route import ASGIRoute
from protocols.http.source import PIECE

GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


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
