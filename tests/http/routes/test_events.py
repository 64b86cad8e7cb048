from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from threading import Event as Gate

import pytest
from twisted.internet.defer import Deferred, DeferredQueue

from protocols.codec import DecodeError, Fault
from protocols.http import Event, EventsRoute, HTTPError, Request
from protocols.http.response import Response
from protocols.http.routes.events import PATIENCE
from protocols.session import Peer

GET = "GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"
MEDIA = "text/event-stream"


@pytest.fixture
def follow(connect, clock, journal):
    """A client of the events of one function, at /e unless another path is said."""

    def follow(function, path: str = "/e", **settings):
        route = EventsRoute(function, reactor=clock, journal=journal, path=path, **settings)
        client = connect({path: route})
        client.route = route
        routes.append(route)
        return client

    routes: list[EventsRoute] = []
    yield follow
    # A generator that is left open would be missed in some other test.
    for route in routes:
        for stream in list(route._open):
            stream.close()
        route.stop()


def ask(client, path: str = "/e", headers: str = "") -> None:
    client.send(GET.format(path=path, headers=headers).encode())
    client.turn()


def open_quietly(client, headers: str = "") -> None:
    """Ask, and wait for the head without an event."""
    ask(client, headers=headers)
    assert client.wire.value() == b""
    client.clock.advance(PATIENCE)
    client.turn()


def body(client) -> bytes:
    """What has come of a chunked body."""
    head, _, rest = client.wire.value().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    said = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        said, rest = said + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return said


class Ticker:
    """Makes what is put into it events, and knows whether it was closed."""

    def __init__(self) -> None:
        self.queue: DeferredQueue[object] = DeferredQueue()
        self.heard: list[object] = []
        self.closed = 0

    async def ticks(self, last_event_id: str | None) -> AsyncIterator[object]:
        self.heard.append(last_event_id)
        try:
            while (item := await self.queue.get()) is not None:
                yield item
        finally:
            self.closed += 1


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


# -- the stream --------------------------------------------------------------------------------------


def test_the_stream(follow, ticker) -> None:
    client = follow(ticker.ticks)
    open_quietly(client)
    head = client.wire.value().partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"Content-Type: {MEDIA}\r\n" in head
    assert "Cache-Control: no-store\r\n" in head
    assert "X-Accel-Buffering: no\r\n" in head
    assert body(client) == b"retry: 3000\n\n"
    ticker.queue.put("a")
    client.turn()
    ticker.queue.put(Event({"b": 1}, id=2))
    client.turn()
    assert body(client) == b'retry: 3000\n\ndata: a\n\nid: 2\ndata: {"b":1}\n\n'
    assert ticker.heard == [None]


def test_heartbeats_in_the_silence(follow, ticker, clock) -> None:
    client = follow(ticker.ticks, heartbeat=10, retry=0.5)
    open_quietly(client)
    clock.advance(9)
    ticker.queue.put("a")
    client.turn()
    clock.advance(9)
    assert body(client) == b"retry: 500\n\ndata: a\n\n"
    clock.advance(1)
    client.turn()
    clock.advance(10)
    client.turn()
    assert body(client) == b"retry: 500\n\ndata: a\n\n:\n\n:\n\n"
    ticker.queue.put("b")
    client.turn()
    assert body(client).endswith(b":\n\ndata: b\n\n")


def test_the_end_of_the_generator_is_the_end_of_the_stream(follow, ticker, clock) -> None:
    client = follow(ticker.ticks)
    ask(client)
    ticker.queue.put("a")
    ticker.queue.put(None)
    for _ in range(3):
        client.turn()
    (answer,) = client.answers()
    assert (answer.status, answer.body) == (200, b"retry: 3000\n\ndata: a\n\n")
    assert (ticker.closed, client.closed, clock.getDelayedCalls()[1:]) == (1, False, [])
    ask(client)
    assert ticker.heard == [None, None]


def test_a_client_that_leaves_closes_the_generator(follow, ticker, clock, failures) -> None:
    client = follow(ticker.ticks)
    open_quietly(client)
    client.leave()
    client.turn()
    assert (ticker.closed, failures, client.route._open) == (1, [], set())
    assert clock.getDelayedCalls() == []


def test_a_client_that_does_not_read_is_waited_for(follow) -> None:
    made = []

    async def endless() -> AsyncIterator[str]:
        while True:
            made.append(True)
            yield "x" * 1000

    client = follow(endless)
    client.wire.room = 100_000
    ask(client)
    for _ in range(10):
        client.turn()
    assert client.wire.producer is client.connection
    so_far = len(made)
    assert so_far < 500
    client.turn()
    assert len(made) == so_far
    client.wire.clear()
    client.connection.resumeProducing()
    client.turn()
    assert len(made) > so_far


def test_an_error_in_the_middle_cuts_the_stream_off(follow, failures) -> None:
    async def fail() -> AsyncIterator[str]:
        yield "a"
        raise RuntimeError("secret")

    client = follow(fail)
    ask(client)
    for _ in range(3):
        client.turn()
    assert client.wire.aborted
    assert client.wire.value().endswith(b"data: a\n\n\r\n")
    assert len(failures) == 1


def test_an_error_after_a_silence(follow, failures) -> None:
    gate: Deferred[None] = Deferred()

    async def fail() -> AsyncIterator[str]:
        yield "a"
        await gate

    client = follow(fail)
    ask(client)
    client.turn()
    assert body(client).endswith(b"data: a\n\n")
    gate.errback(RuntimeError("secret"))
    assert (client.wire.aborted, len(failures), client.route._open) == (True, 1, set())


def test_what_cannot_be_an_event_is_an_error(follow, failures) -> None:
    async def odd() -> AsyncIterator[object]:
        yield object()

    client = follow(odd)
    ask(client)
    assert (client.answers()[0].status, len(failures)) == (500, 1)


def test_head(follow, ticker) -> None:
    client = follow(ticker.ticks)
    answer = client.ask("HEAD", "/e")
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, MEDIA, b"")
    assert ticker.heard == []
    assert client.ask("POST", "/e").headers["Allow"] == "GET, HEAD, OPTIONS"


# -- before the first event --------------------------------------------------------------------------


@pytest.mark.parametrize("headers", ["", "Last-Event-ID: 7\r\n"])
def test_the_head_does_not_wait_for_ever(follow, ticker, clock, headers: str) -> None:
    client = follow(ticker.ticks)
    ask(client, headers=headers)
    clock.advance(PATIENCE * 0.9)
    assert client.wire.value() == b""
    clock.advance(PATIENCE * 0.1)
    assert body(client) == b"retry: 3000\n\n"


def test_a_heartbeat_is_not_waited_for(follow, ticker, clock) -> None:
    client = follow(ticker.ticks, heartbeat=PATIENCE / 2)
    ask(client)
    clock.advance(PATIENCE / 2)
    assert body(client) == b"retry: 3000\n\n"


@pytest.mark.parametrize("headers", ["", "Last-Event-ID: 7\r\n"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "logged"),
    [
        (HTTPError(403, "Not for you", {"X-Why": "secret"}), 403, 0),
        (DecodeError.invalid(Fault("", "No such day", "day")), 422, 0),
        (RuntimeError("secret"), 500, 1),
    ],
)
def test_an_error_before_the_first_event_is_the_answer(
    follow, failures, headers: str, later: bool, error: Exception, status: int, logged: int
) -> None:
    gate: Deferred[None] = Deferred()

    async def fail() -> AsyncIterator[str]:
        if later:
            await gate
        raise error
        yield ""

    client = follow(fail)
    ask(client, headers=headers)
    gate.callback(None)
    (answer,) = client.answers()
    assert (answer.status, len(failures), client.route._open) == (status, logged, set())
    assert answer.headers["X-Why"] == (None if status != 403 else "secret")
    assert client.clock.getDelayedCalls()[1:] == []
    assert not client.closed


def test_a_generator_in_a_thread_may_refuse(follow, clock, failures) -> None:
    def refuse() -> Iterator[str]:
        raise HTTPError(403)
        yield ""

    client = follow(refuse)
    ask(client)
    clock.wait_for_thread()
    client.turn()
    assert (client.answers()[0].status, failures, client.route._open) == (403, [], set())


def test_an_error_after_the_head_breaks_it_off(follow, failures) -> None:
    gate: Deferred[None] = Deferred()

    async def fail() -> AsyncIterator[str]:
        await gate
        yield ""

    client = follow(fail)
    open_quietly(client)
    gate.errback(HTTPError(403))
    assert (client.wire.aborted, failures, client.route._open) == (True, [], set())


@pytest.mark.parametrize("headers", ["", "Last-Event-ID: 7\r\n"])
def test_a_client_that_leaves_while_it_waits(follow, ticker, clock, failures, headers: str) -> None:
    client = follow(ticker.ticks)
    ask(client, headers=headers)
    client.leave()
    client.turn()
    assert (ticker.closed, failures, client.route._open, clock.getDelayedCalls()) == (1, [], set(), [])


# -- coming back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers", "heard"),
    [
        ("/e", "Last-Event-ID: 7\r\n", "7"),
        ("/e", "Last-Event-ID: é\r\n", "é"),
        ("/e?lastEventId=8", "", "8"),
        ("/e?lastEventId=8", "Last-Event-ID: 7\r\n", "7"),
    ],
)
def test_where_a_client_was(follow, ticker, path: str, headers: str, heard: str) -> None:
    client = follow(ticker.ticks)
    ask(client, path, headers)
    assert ticker.heard == [heard]
    assert client.wire.value() == b""
    ticker.queue.put("next")
    client.turn()
    client.turn()
    assert body(client) == b"retry: 3000\n\ndata: next\n\n"


@pytest.mark.parametrize("later", [False, True])
def test_a_client_that_has_heard_everything_stays_away(follow, ticker, later: bool, clock) -> None:
    client = follow(ticker.ticks)
    if not later:
        ticker.queue.put(None)
    ask(client, headers="Last-Event-ID: 7\r\n")
    if later:
        ticker.queue.put(None)
    (answer,) = client.answers()
    assert (answer.status, answer.body, ticker.closed, client.route._open) == (204, b"", 1, set())


def test_an_end_without_an_event_is_no_reason_to_stay_away_at_first(follow, ticker) -> None:
    client = follow(ticker.ticks)
    ticker.queue.put(None)
    ask(client)
    client.turn()
    assert client.answers()[0].status == 200


# -- parameters --------------------------------------------------------------------------------------


def test_parameters(follow) -> None:
    async def prices(
        symbol: str, peer: Peer, request: Request, last_event_id: int | None, every: int = 1
    ) -> AsyncIterator[object]:
        yield [symbol, peer.host, request.method, last_event_id, every]

    client = follow(prices, "/prices/{symbol}")
    ask(client, "/prices/tea?every=5&lastEventId=6")
    client.turn()
    client.turn()
    assert b'data: ["tea","192.0.2.7","GET",6,5]\n\n' in client.answers()[0].body
    client.wire.clear()
    ask(client, "/prices/tea?every=x", "Last-Event-ID: y\r\n")
    (answer,) = client.answers()
    assert answer.status == 422
    assert b'"/query/every"' in answer.body
    assert b'"/header/Last-Event-ID"' in answer.body
    client.wire.clear()
    client.send(b"GET /prices/tea HTTP/1.1\r\nHost: a\r\nLast-Event-ID: \xff\r\n\r\n")
    assert client.answers()[0].status == 400


def test_what_is_no_source_of_events(follow) -> None:
    def plain() -> str:
        return ""

    async def waits() -> str:
        return ""

    async def needs_id(last_event_id: str) -> AsyncIterator[str]:
        yield ""

    async def of_body(blob: bytes) -> AsyncIterator[str]:
        yield ""

    async def fine() -> AsyncIterator[str]:
        yield ""

    for function, settings, text in (
        (plain, {}, "yields"),
        (waits, {}, "yields"),
        (needs_id, {}, "None"),
        (of_body, {}, "no query can say"),
        (fine, {"path": "/{id}"}, "nothing called id"),
        (fine, {"run": "threads"}, "loop"),
    ):
        with pytest.raises(TypeError, match=text):
            follow(function, **settings)


# -- how many ----------------------------------------------------------------------------------------


def test_a_limit_of_streams(follow, another, ticker) -> None:
    first = follow(ticker.ticks, streams=1, retry=7)
    open_quietly(first)
    second = another(first)
    ask(second)
    (answer,) = second.answers()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    first.leave()
    second.wire.clear()
    open_quietly(second)
    assert body(second) == b"retry: 7000\n\n"


def test_draining_ends_the_streams(follow, another, ticker, failures) -> None:
    client = follow(ticker.ticks)
    open_quietly(client)
    waiting = another(client)
    ask(waiting, headers="Last-Event-ID: 7\r\n")
    drained = client.factory.drain()
    client.turn()
    waiting.turn()
    assert client.answers()[0].status == 200
    assert waiting.answers()[0].body == b"retry: 3000\n\n"  # or it would stay away
    assert (client.closed, ticker.closed, failures) == (True, 2, [])
    client.leave()
    waiting.leave()
    assert drained.called
    with pytest.raises(Exception, match="stopping"):
        client.route.respond(Request("GET", "/e"), "")


# -- plain generators --------------------------------------------------------------------------------


def test_a_generator_in_the_loop(follow) -> None:
    def count(to: int = 3) -> Iterator[int]:
        yield from range(to)

    client = follow(count, run="loop")
    ask(client)
    client.turn()
    client.turn()
    assert client.answers()[0].body == b"retry: 3000\n\ndata: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_a_generator_in_a_thread_is_heard_event_by_event(follow, clock) -> None:
    gate, ended = Gate(), Gate()

    def slow() -> Iterator[str]:
        try:
            yield "a"
            gate.wait(20)
            yield "b"
        finally:
            ended.set()

    client = follow(slow)
    ask(client)
    clock.wait_for_thread()
    client.turn()
    client.turn()
    assert body(client) == b"retry: 3000\n\ndata: a\n\n"
    gate.set()
    clock.wait_for_thread()
    client.turn()
    client.turn()
    assert body(client).endswith(b"data: b\n\n")
    client.leave()
    assert ended.wait(20)


def test_the_answer_is_a_response(clock, journal) -> None:
    async def one() -> AsyncIterator[str]:
        yield "a"

    route = EventsRoute(one, reactor=clock, journal=journal)
    response = route.respond(Request("GET", "/"), "")
    assert isinstance(response, Response)
    response.content.close()
    response.content.close()
    assert route.signature.result is str
