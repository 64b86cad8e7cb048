from __future__ import annotations

import asyncio
import functools
from contextvars import ContextVar

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred, succeed

from protocols.handlers import CallTimeoutError, FunctionHandler
from protocols.handlers.items import ITEMS
from protocols.session import Peer


class Order(BaseModel):
    amount: int


class Multiplier:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def times(self, order: Order) -> int:
        return order.amount * self.factor

    def __call__(self, order: Order) -> int:
        return self.times(order)


def times(factor: int, order: Order) -> int:
    return order.amount * factor


async def times_later(factor: int, order: Order) -> int:
    return order.amount * factor


@pytest.mark.parametrize(
    "function",
    [
        Multiplier(3),
        Multiplier(3).times,
        functools.partial(times, 3),
        functools.partial(times_later, 3),
        lambda message: b"12",
    ],
)
def test_callables(serve, function):
    peer = serve(function).connect()
    peer.send(b'{"amount": 4}\n')
    assert peer.received == b"12\n"


async def coroutine_with_peer(message: str, peer: Peer) -> str:
    return f"{peer.host}: {message}"


def generator_with_peer(message: str, peer: Peer):
    yield peer.host
    yield message


@pytest.mark.parametrize(
    ("function", "reply"),
    [
        (lambda message, peer: peer.host, b"192.168.1.1\n"),
        (coroutine_with_peer, b"192.168.1.1: hi\n"),
        (generator_with_peer, b"192.168.1.1\nhi\n"),
        (lambda message: None, b""),
        (lambda message: "text", b"text\n"),
        (lambda message: {"a": 1}, b'{"a":1}\n'),
        (lambda message: succeed(b"later"), b"later\n"),
    ],
)
def test_arguments_and_results(serve, function, reply):
    peer = serve(function).connect()
    peer.send(b"hi\n")
    assert peer.received == reply


def test_async_function_that_does_not_wait_answers_within_the_read(serve):
    async def echo(message: bytes) -> bytes:
        return message

    peer = serve(echo).connect()
    peer.send(b"1\n2\n3\n")
    assert peer.transport.writes == [b"1\n2\n3\n"]


def test_replies_keep_the_order_of_the_messages(serve):
    answers = {b"1": Deferred(), b"2": Deferred()}

    async def slow(message: bytes) -> bytes:
        return await answers[message] if message in answers else message

    peer = serve(slow).connect()
    peer.send(b"1\n2\n3\n")
    answers[b"2"].callback(b"second")
    assert peer.received == b""
    answers[b"1"].callback(b"first")
    assert peer.received == b"first\nsecond\n3\n"


def test_async_failure_keeps_the_rest_from_being_answered(serve, failures):
    answer: Deferred[bytes] = Deferred()
    asked = []

    async def slow(message: bytes) -> bytes:
        asked.append(message)
        return await answer

    peer = serve(slow).connect()
    peer.send(b"1\n2\n")
    answer.errback(LookupError())
    assert asked == [b"1"]
    assert peer.closing
    failures.take(LookupError)


def test_never_returns(serve, clock, failures):
    ended = []

    async def forever(message: bytes) -> bytes:
        try:
            return await Deferred()
        finally:
            ended.append(message)

    peer = serve(forever, timeout=5).connect()
    peer.send(b"x\n")
    clock.advance(4.9)
    assert not peer.closing
    clock.advance(0.1)
    assert ended == [b"x"]
    assert peer.closing
    (event,) = failures.take(CallTimeoutError)
    assert "did not answer within 5 s" in str(event["error"])


def test_disconnect_runs_finally(serve):
    ended = []

    async def forever(message: bytes) -> bytes:
        try:
            return await Deferred()
        finally:
            ended.append(message)

    peer = serve(forever).connect()
    peer.send(b"x\n")
    peer.leave()
    assert ended == [b"x"]


def test_context_variables_are_isolated(serve):
    variable: ContextVar[bytes] = ContextVar("variable", default=b"clean")
    go: Deferred[None] = Deferred()

    async def visit(message: bytes) -> bytes:
        before = variable.get()
        variable.set(message)
        if message == b"wait":
            await go
        return before + b" " + variable.get()

    service = serve(visit)
    first, second = service.connect(), service.connect()
    first.send(b"wait\n")
    second.send(b"dirty\n")
    go.callback(None)
    assert first.received == b"clean wait\n"
    assert second.received == b"clean dirty\n"


class TestGenerators:
    def test_each_item_is_a_reply_and_others_get_their_turn(self, serve, clock):
        def count(message: bytes):
            yield from (b"%d" % n for n in range(ITEMS + 6))

        peer = serve(count).connect()
        peer.send(b"x\n")
        assert peer.received.count(b"\n") == ITEMS
        clock.advance(0)
        assert peer.received.count(b"\n") == ITEMS + 6

    def test_async_generator(self, serve):
        go: Deferred[None] = Deferred()

        async def count(message: bytes):
            yield b"1"
            await go
            yield b"2"

        peer = serve(count).connect()
        peer.send(b"a\nb\n")
        assert peer.received == b"1\n"
        go.callback(None)
        assert peer.received == b"1\n2\n1\n2\n"

    @pytest.mark.parametrize("kind", ["sync", "async"])
    def test_infinite_one_is_bounded_and_closed_when_its_peer_leaves(self, serve, clock, kind):
        made = []
        closed = []

        def endless(message: bytes):
            try:
                while True:
                    made.append(1)
                    yield b"x" * 1000
            finally:
                closed.append(True)

        async def endless_async(message: bytes):
            try:
                while True:
                    made.append(1)
                    yield b"x" * 1000
            finally:
                closed.append(True)

        peer = serve(endless if kind == "sync" else endless_async).connect()
        peer.send(b"x\n")
        clock.pump([0] * 10)
        before = len(made)
        assert before < 300
        clock.pump([0] * 10)
        assert len(made) == before
        peer.transport.peer_reads()
        clock.pump([0] * 10)
        assert len(made) > before
        assert not closed
        peer.leave()
        clock.pump([0] * 10)
        assert closed == [True]

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_failure_in_the_middle(self, serve, failures, asynchronous):
        def some(message: bytes):
            yield b"1"
            raise LookupError

        async def some_async(message: bytes):
            yield b"1"
            raise LookupError

        peer = serve(some_async if asynchronous else some).connect()
        peer.send(b"x\n")
        assert peer.closing
        failures.take(LookupError)

    def test_step_that_never_returns(self, serve, clock, failures):
        async def stuck(message: bytes):
            yield b"1"
            await Deferred()

        peer = serve(stuck, timeout=5).connect()
        peer.send(b"x\n")
        assert peer.received == b"1\n"
        clock.advance(5)
        assert peer.closing
        failures.take(CallTimeoutError)


@pytest.mark.parametrize(
    ("function", "settings", "says"),
    [
        (times_later, {"run": "threads"}, "1 to 2|takes 2|second argument"),
        (
            coroutine_with_peer,
            {"run": "threads"},
            "is async and runs in the loop; run: threads is for a plain def",
        ),
        (coroutine_with_peer, {"workers": 2}, "workers is for run: threads or processes"),
        (Multiplier(1), {"codec": "bytes"}, "codec bytes gives the function bytes"),
    ],
)
def test_settings_that_do_not_fit(clock, function, settings, says):
    with pytest.raises(TypeError, match=says):
        FunctionHandler(function, reactor=clock, **settings)


def test_asyncio_under_this_reactor_is_explained(serve, failures):
    async def nap(message: bytes) -> bytes:
        await asyncio.sleep(1)
        return message

    peer = serve(nap).connect()
    peer.send(b"x\n")
    assert peer.closing
    (event,) = failures.take(RuntimeError)
    assert "--reactor=polyport" in str(event["log_failure"].value)
