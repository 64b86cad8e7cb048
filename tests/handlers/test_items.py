"""A user's generator, taken in batches."""

from __future__ import annotations

import threading

import pytest
from twisted.internet.defer import CancelledError, Deferred

from protocols.handlers.coroutines import run
from protocols.handlers.items import BATCH_BYTES, ITEMS, Batch, items_of
from protocols.handlers.threads import ThreadPool


class Runtime:
    """A function's home, as FunctionHandler offers it."""

    def __init__(self, threads=None):
        self.threads = threads

    run_coroutine = staticmethod(run)

    @staticmethod
    def limited(outcome):
        return outcome


@pytest.fixture
def reported():
    return []


@pytest.fixture
def items(reported):
    return lambda generator: items_of(generator, bytes, Runtime(), reported.append)


def plain(values):
    yield from values


async def asynchronous(values):
    for value in values:
        if isinstance(value, Deferred):
            await value
        else:
            yield value


@pytest.mark.parametrize("kind", [plain, asynchronous])
class TestBothKinds:
    def test_a_short_one_is_one_batch(self, items, kind):
        assert items(kind([b"a", b"b"])).take() == Batch([b"a", b"b"], more=False)

    def test_an_empty_one(self, items, kind):
        assert items(kind([])).take() == Batch([], more=False)

    def test_a_long_one_lets_others_have_their_turn(self, items, kind):
        taken = items(kind([b"x"] * (ITEMS + 1)))
        assert taken.take() == Batch([b"x"] * ITEMS, more=True, full=True)
        assert taken.take() == Batch([b"x"], more=False)

    def test_what_came_before_a_failure_is_not_lost(self, items, kind):
        def unencodable():
            raise LookupError("no such thing")

        class Bad:
            def __bytes__(self):
                return unencodable()

        taken = items(kind([b"a", b"b", Bad(), b"c"]))
        assert taken.take() == Batch([b"a", b"b"], more=True)
        with pytest.raises(LookupError, match="no such thing"):
            taken.take()

    def test_an_error_at_its_closing_is_reported(self, items, reported, kind):
        def stubborn():
            try:
                yield b"a"
                yield b"b" * BATCH_BYTES
            finally:
                raise OSError("cannot close")

        async def stubborn_async():
            try:
                for _ in range(2 * ITEMS):
                    yield b"a"
            finally:
                raise OSError("cannot close")

        taken = items(stubborn() if kind is plain else stubborn_async())
        assert taken.take().more
        taken.close()
        assert [str(error) for error in reported] == ["cannot close"]


def test_large_items_make_a_full_batch(items):
    taken = items(plain([b"x" * BATCH_BYTES, b"y"]))
    assert taken.take() == Batch([b"x" * BATCH_BYTES], more=True, full=True)
    assert taken.take() == Batch([b"y"], more=False)


class TestAsynchronous:
    def test_what_is_there_is_not_held_back_by_what_is_not(self, items):
        later: Deferred[None] = Deferred()
        taken = items(asynchronous([b"a", later, b"b"]))
        assert taken.take() == Batch([b"a"], more=True)
        batches: list[Batch] = []
        waiting = taken.take()
        assert isinstance(waiting, Deferred)
        waiting.addCallback(batches.append)
        assert batches == []
        later.callback(None)
        assert batches == [Batch([b"b"], more=True)]
        assert taken.take() == Batch([], more=False)

    @pytest.mark.parametrize("asked", [False, True], ids=["ahead", "waited for"])
    def test_closing_cancels_what_it_waits_for(self, items, reported, asked):
        seen: list[str] = []

        async def waits():
            try:
                yield b"a"
                await Deferred()
            except CancelledError:
                seen.append("cancelled")
                raise
            finally:
                seen.append("closed")

        taken = items(waits())
        assert taken.take() == Batch([b"a"], more=True)
        waiting = taken.take() if asked else None
        taken.close()
        if waiting is not None:
            waiting.addErrback(lambda failure: failure.trap(CancelledError))
        assert seen == ["cancelled", "closed"]
        assert reported == []


def test_threads_make_it_and_close_it(clock, reported):
    threads = ThreadPool(clock, 1, "items")
    where: list[threading.Thread] = []

    def numbers():
        try:
            for _ in range(ITEMS + 1):
                where.append(threading.current_thread())
                yield b"n"
        finally:
            where.append(threading.current_thread())

    taken = items_of(numbers(), bytes, Runtime(threads), reported.append)
    batches: list[Batch] = []
    waiting = taken.take()
    assert isinstance(waiting, Deferred)
    waiting.addCallback(batches.append)
    clock.until(lambda: bool(batches))
    assert batches == [Batch([b"n"] * ITEMS, more=True, full=True)]
    taken.close()
    clock.until(lambda: len(where) == ITEMS + 1)
    assert threading.current_thread() not in where
    assert reported == []
    threads.stop()
