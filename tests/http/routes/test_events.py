from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from twisted.internet.defer import Deferred

from protocols.codec import DecodeError, Fault
from protocols.http import EventsRoute, HTTPError, Request
from protocols.http.response import Response
from protocols.http.routes.events import PATIENCE
from protocols.session import Peer

GET = "GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"


MEDIA = "text/event-stream"


def test_what_cannot_be_an_event_is_an_error(follow, failures) -> None:
    async def odd() -> AsyncIterator[object]:
        yield object()

    client = follow(odd)
    client.follow()
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
    client.follow(headers=headers)
    clock.advance(PATIENCE * 0.9)
    assert client.wire.value() == b""
    clock.advance(PATIENCE * 0.1)
    assert client.body == b"retry: 3000\n\n"


def test_a_heartbeat_is_not_waited_for(follow, ticker, clock) -> None:
    client = follow(ticker.ticks, heartbeat=PATIENCE / 2)
    client.follow()
    clock.advance(PATIENCE / 2)
    assert client.body == b"retry: 3000\n\n"


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
    client.follow(headers=headers)
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
    client.follow()
    clock.wait_for_thread()
    client.turn()
    assert (client.answers()[0].status, failures, client.route._open) == (403, [], set())


def test_an_error_after_the_head_breaks_it_off(follow, failures) -> None:
    gate: Deferred[None] = Deferred()

    async def fail() -> AsyncIterator[str]:
        await gate
        yield ""

    client = follow(fail)
    client.open_quietly()
    gate.errback(HTTPError(403))
    assert (client.wire.aborted, failures, client.route._open) == (True, [], set())


@pytest.mark.parametrize("headers", ["", "Last-Event-ID: 7\r\n"])
def test_a_client_that_leaves_while_it_waits(follow, ticker, clock, failures, headers: str) -> None:
    client = follow(ticker.ticks)
    client.follow(headers=headers)
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
    client.follow(path, headers)
    assert ticker.heard == [heard]
    assert client.wire.value() == b""
    ticker.queue.put("next")
    client.turn()
    client.turn()
    assert client.body == b"retry: 3000\n\ndata: next\n\n"


@pytest.mark.parametrize("later", [False, True])
def test_a_client_that_has_heard_everything_stays_away(follow, ticker, later: bool, clock) -> None:
    client = follow(ticker.ticks)
    if not later:
        ticker.queue.put(None)
    client.follow(headers="Last-Event-ID: 7\r\n")
    if later:
        ticker.queue.put(None)
    (answer,) = client.answers()
    assert (answer.status, answer.body, ticker.closed, client.route._open) == (204, b"", 1, set())


def test_an_end_without_an_event_is_no_reason_to_stay_away_at_first(follow, ticker) -> None:
    client = follow(ticker.ticks)
    ticker.queue.put(None)
    client.follow()
    client.turn()
    assert client.answers()[0].status == 200


# -- parameters --------------------------------------------------------------------------------------


def test_parameters(follow) -> None:
    async def prices(
        symbol: str, peer: Peer, request: Request, last_event_id: int | None, every: int = 1
    ) -> AsyncIterator[object]:
        yield [symbol, peer.host, request.method, last_event_id, every]

    client = follow(prices, "/prices/{symbol}")
    client.follow("/prices/tea?every=5&lastEventId=6")
    client.turn()
    client.turn()
    assert b'data: ["tea","192.0.2.7","GET",6,5]\n\n' in client.answers()[0].body
    client.wire.clear()
    client.follow("/prices/tea?every=x", "Last-Event-ID: y\r\n")
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


def test_a_limit_of_streams(follow, ticker) -> None:
    first = follow(ticker.ticks, streams=1, retry=7)
    first.open_quietly()
    second = first.another()
    second.follow()
    (answer,) = second.answers()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    first.leave()
    second.wire.clear()
    second.open_quietly()
    assert second.body == b"retry: 7000\n\n"


def test_draining_ends_the_streams(follow, ticker, failures) -> None:
    client = follow(ticker.ticks)
    client.open_quietly()
    waiting = client.another()
    waiting.follow(headers="Last-Event-ID: 7\r\n")
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
    client.follow()
    client.turn()
    client.turn()
    assert client.answers()[0].body == b"retry: 3000\n\ndata: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_the_answer_is_a_response(clock, journal) -> None:
    async def one() -> AsyncIterator[str]:
        yield "a"

    route = EventsRoute(one, reactor=clock, journal=journal)
    response = route.respond(Request("GET", "/"), "")
    assert isinstance(response, Response)
    response.content.close()
    response.content.close()
    assert route.signature.result is str
