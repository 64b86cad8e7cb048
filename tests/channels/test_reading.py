"""A channel that a coroutine reads."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest
from twisted.internet.defer import Deferred, fail

from protocols.channels.errors import UnavailableError
from protocols.channels.reading import AHEAD, AHEAD_BYTES, Reading
from protocols.channels.since import ALL, NEW, Since


def run(coroutine):
    """Where its outcome will stand: a list with the result, or with the exception."""
    outcome = []
    Deferred.fromCoroutine(coroutine).addCallbacks(outcome.append, lambda f: outcome.append(f.value))
    return outcome


async def collected(reading, seqs, most=10**9):
    async for message in reading:
        seqs.append(message.seq)
        if len(seqs) == most:
            return "enough"
    return "over"


def test_what_comes(stage):
    here, seqs = stage(), []
    here.publish(b"before")
    outcome = run(collected(Reading(here.channel, NEW), seqs, 3))
    here.turn()
    assert (seqs, outcome) == ([], [])
    here.publish(b"a", b"b")
    here.turn()
    assert seqs == [2, 3]
    here.publish(b"c")
    here.turn()
    assert (seqs, outcome) == ([2, 3, 4], ["enough"])


def test_from_the_moment_it_is_made(stage):
    here, seqs = stage(), []
    reading = Reading(here.channel, NEW)
    here.publish(b"a")
    here.turn()
    run(collected(reading, seqs))
    assert seqs == [1]


def test_the_past_however_long_and_no_more_at_a_time_than_is_wanted(stage):
    here, seqs = stage(), []
    here.publish(*[b"x"] * 5000)
    reading = Reading(here.channel, ALL)
    here.turn(turns=50)
    assert here.channel.counts.delivered <= AHEAD + 256
    outcome = run(collected(reading, seqs))
    here.turn(turns=50)
    assert seqs == list(range(1, 5001))
    assert outcome == []


def test_nor_more_bytes(stage):
    here, seqs = stage(), []
    reading = Reading(here.channel, ALL)
    for _ in range(50):
        here.publish(b"x" * (AHEAD_BYTES // 4))
        here.turn()
    assert here.channel.counts.delivered == 4
    run(collected(reading, seqs))
    here.turn(turns=50)
    assert seqs == list(range(1, 51))


def test_of_one_key(stage):
    here, seqs = stage(), []
    run(collected(Reading(here.channel, NEW, "k"), seqs))
    here.publish(b"a")
    here.publish(b"b", key="k")
    here.turn()
    assert seqs == [2]


def test_how_much_it_has_missed(stage):
    here, seqs = stage(), []
    here.publish(*[b"x"] * 5)
    here.channel.trim(3)
    reading = Reading(here.channel, Since("seq", 1))
    run(collected(reading, seqs))
    here.turn()
    assert (seqs, reading.missed) == ([4, 5], 2)


def test_all_there_is_misses_nothing(stage):
    here, seqs = stage(), []
    here.publish(*[b"x"] * 5)
    here.channel.trim(3)
    reading = Reading(here.channel, ALL)
    run(collected(reading, seqs))
    here.turn()
    assert (seqs, reading.missed) == ([4, 5], 0)


def test_closed_it_ends(stage):
    here, seqs = stage(), []
    reading = Reading(here.channel, NEW)
    outcome = run(collected(reading, seqs))
    reading.close()
    assert (outcome, here.channel.subscribers) == (["over"], 0)
    assert run(collected(reading, seqs)) == ["over"]


def test_at_the_end_of_async_with_it_is_closed(stage):
    here = stage()

    async def first():
        async with Reading(here.channel, ALL) as reading:
            return (await anext(reading)).seq

    outcome = run(first())
    here.publish(b"a")
    here.turn()
    assert (outcome, here.channel.subscribers) == ([1], 0)


def test_closed_before_it_is_known_where_to_begin(stage):
    here = stage()
    waiting = Deferred()
    here.store.seq_before = lambda time: waiting
    Reading(here.channel, Since("ago", 60)).close()
    waiting.callback(0)
    assert here.channel.subscribers == 0


def test_nobody_holds_it_any_more(stage):
    here = stage()
    run(collected(Reading(here.channel, NEW), [], 1))
    assert here.channel.subscribers == 1
    here.publish(b"a")
    here.turn()
    gc.collect()
    assert here.channel.subscribers == 0


def test_cut_off_it_gives_what_it_has_and_then_says_why(stage):
    here, seqs = stage(), []
    reading = Reading(here.channel, NEW)
    here.publish(b"a")
    here.turn()
    here.channel.close()
    (error,) = run(collected(reading, seqs))
    assert (seqs, type(error), str(error)) == ([1], UnavailableError, "the channel is closed")


def test_cut_off_while_somebody_waits(stage):
    here = stage()
    outcome = run(collected(Reading(here.channel, NEW), []))
    here.channel.close()
    assert str(outcome[0]) == "the channel is closed"


@pytest.mark.parametrize("error", [UnavailableError("it is away"), ZeroDivisionError("a mistake")])
def test_a_store_that_does_not_say_where_to_begin(stage, failures, error):
    here = stage()
    here.store.seq_before = lambda time: fail(error)
    reading = Reading(here.channel, Since("ago", 60))
    assert run(collected(reading, [])) == [error]
    if isinstance(error, ZeroDivisionError):
        failures.take(ZeroDivisionError)


def test_too_many_subscribers(stage):
    here = stage(subscribers=0)
    (error,) = run(collected(Reading(here.channel, NEW), []))
    assert isinstance(error, UnavailableError)


def test_two_tasks_cannot_read_one(stage):
    reading = Reading(stage().channel, NEW)
    run(collected(reading, []))
    (error,) = run(collected(reading, []))
    assert isinstance(error, RuntimeError)
    reading.close()


def test_one_that_is_cancelled_can_go_on(stage):
    here, seqs = stage(), []
    reading = Reading(here.channel, NEW)
    waiting = Deferred.fromCoroutine(anext_of(reading))
    with suppress(Exception):
        waiting.addErrback(lambda _: None).cancel()
    run(collected(reading, seqs))
    here.publish(b"a")
    here.turn()
    assert seqs == [1]


async def anext_of(reading):
    return await anext(reading)
