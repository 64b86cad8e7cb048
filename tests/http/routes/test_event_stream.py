from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from threading import Event as Gate

from twisted.internet.defer import Deferred

from protocols.http import Event

MEDIA = "text/event-stream"


def test_the_stream(follow, ticker) -> None:
    client = follow(ticker.ticks)
    client.open_quietly()
    head = client.wire.value().partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"Content-Type: {MEDIA}\r\n" in head
    assert "Cache-Control: no-store\r\n" in head
    assert "X-Accel-Buffering: no\r\n" in head
    assert client.body == b"retry: 3000\n\n"
    ticker.queue.put("a")
    client.turn()
    ticker.queue.put(Event({"b": 1}, id=2))
    client.turn()
    assert client.body == b'retry: 3000\n\ndata: a\n\nid: 2\ndata: {"b":1}\n\n'
    assert ticker.heard == [None]


def test_heartbeats_in_the_silence(follow, ticker, clock) -> None:
    client = follow(ticker.ticks, heartbeat=10, retry=0.5)
    client.open_quietly()
    clock.advance(9)
    ticker.queue.put("a")
    client.turn()
    clock.advance(9)
    assert client.body == b"retry: 500\n\ndata: a\n\n"
    clock.advance(1)
    client.turn()
    clock.advance(10)
    client.turn()
    assert client.body == b"retry: 500\n\ndata: a\n\n:\n\n:\n\n"
    ticker.queue.put("b")
    client.turn()
    assert client.body.endswith(b":\n\ndata: b\n\n")


def test_the_end_of_the_generator_is_the_end_of_the_stream(follow, ticker, clock) -> None:
    client = follow(ticker.ticks)
    client.follow()
    ticker.queue.put("a")
    ticker.queue.put(None)
    for _ in range(3):
        client.turn()
    (answer,) = client.answers()
    assert (answer.status, answer.body) == (200, b"retry: 3000\n\ndata: a\n\n")
    assert (ticker.closed, client.closed, clock.getDelayedCalls()[1:]) == (1, False, [])
    client.follow()
    assert ticker.heard == [None, None]


def test_a_client_that_leaves_closes_the_generator(follow, ticker, clock, failures) -> None:
    client = follow(ticker.ticks)
    client.open_quietly()
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
    client.follow()
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
    client.follow()
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
    client.follow()
    client.turn()
    assert client.body.endswith(b"data: a\n\n")
    gate.errback(RuntimeError("secret"))
    assert (client.wire.aborted, len(failures), client.route._open) == (True, 1, set())


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
    client.follow()
    clock.wait_for_thread()
    client.turn()
    client.turn()
    assert client.body == b"retry: 3000\n\ndata: a\n\n"
    gate.set()
    clock.wait_for_thread()
    client.turn()
    client.turn()
    assert client.body.endswith(b"data: b\n\n")
    client.leave()
    assert ended.wait(20)
