from __future__ import annotations

import asyncio

import pytest_twisted
from twisted.internet.defer import Deferred

CHUNKED = b"POST /app/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


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
