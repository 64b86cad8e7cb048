"""A group that a coroutine reads."""

from __future__ import annotations

import gc

import pytest
from twisted.internet.defer import Deferred

from protocols.channels.errors import UnavailableError
from protocols.channels.groups import Group, GroupReading, GroupTerms


def run(coroutine):
    """Where its outcome will stand: a list with the result, or with the exception."""
    outcome = []
    Deferred.fromCoroutine(coroutine).addCallbacks(outcome.append, lambda f: outcome.append(f.value))
    return outcome


@pytest.fixture
def here(stage):
    made = stage()
    made.group = Group(made.channel, "billing", GroupTerms(deadline=30.0))
    made.channel.groups["billing"] = made.group
    return made


def left(here):
    """The messages that are not settled, by seq, with what was said of each."""
    here.clock.advance(31.0)
    return {claim.message.seq: claim.error for claim in here.store.claim("billing", 99, 30.0).result}


class Steps:
    """A reader that goes on when it is told to."""

    def __init__(self):
        self.seqs = []
        self.go_on = Deferred()

    async def read(self, reading):
        async for message in reading:
            self.seqs.append(message.seq)
            self.go_on = Deferred()
            await self.go_on
        return "over"


def test_going_on_settles_the_one_before(here):
    here.publish(b"a", b"b", b"c")
    steps = Steps()
    outcome = run(steps.read(GroupReading(here.group)))
    here.turn()
    assert (steps.seqs, here.channel.counts.acked) == ([1], 0)
    steps.go_on.callback(None)
    here.turn()
    assert (steps.seqs, here.channel.counts.acked) == ([1, 2], 1)
    steps.go_on.callback(None)
    here.turn()
    steps.go_on.callback(None)
    here.turn()
    assert (steps.seqs, here.channel.counts.acked, outcome) == ([1, 2, 3], 3, [])
    here.publish(b"d")
    here.turn()
    assert steps.seqs == [1, 2, 3, 4]


def test_an_exception_gives_it_back(here):
    async def failing():
        async for _ in GroupReading(here.group):
            raise ZeroDivisionError

    here.publish(b"a")
    outcome = run(failing())
    here.turn()
    assert isinstance(outcome[0], ZeroDivisionError)
    outcome.clear()
    gc.collect()
    here.turn()
    assert here.group.members == 0
    assert left(here) == {1: "whoever read it did not go on"}


def test_an_exception_out_of_async_with_is_the_reason(here):
    async def failing():
        async with GroupReading(here.group) as reading:
            async for _ in reading:
                raise ValueError("the printer burns")

    here.publish(b"a")
    outcome = run(failing())
    here.turn()
    assert isinstance(outcome[0], ValueError)
    assert here.group.members == 0
    assert left(here) == {1: "the printer burns"}


def test_an_exception_without_words(here):
    async def failing():
        async with GroupReading(here.group) as reading:
            async for _ in reading:
                raise KeyError

    here.publish(b"a")
    run(failing())
    here.turn()
    assert left(here) == {1: "KeyError"}


def test_closing_gives_back_what_is_at_hand_and_what_waits(here):
    here.publish(b"a", b"b", b"c")
    steps = Steps()
    reading = GroupReading(here.group, inflight=3)
    run(steps.read(reading))
    here.turn()
    steps.go_on.callback(None)
    outcome = run(reading.aclose())
    here.turn()
    assert outcome == [None]
    assert left(here) == {2: "whoever read it did not go on", 3: "its member left"}


def test_one_that_stops_may_say_what_it_has_dealt_with(here):
    async def first():
        async with GroupReading(here.group) as reading:
            message = await anext(reading)
            reading.settle()
            return message.seq

    here.publish(b"a", b"b")
    outcome = run(first())
    here.turn()
    assert outcome == [1]
    assert left(here) == {2: ""}


def test_given_back_in_words_it_comes_again(here):
    async def twice():
        async with GroupReading(here.group) as reading:
            tries = [reading.tries]
            async for _ in reading:
                tries.append(reading.tries)
                if len(tries) == 3:
                    return tries
                reading.give_back("later", 2.0)
        return None

    here.publish(b"a")
    outcome = run(twice())
    here.turn()
    assert outcome == []
    here.turn(2.0)
    assert outcome == [[0, 1, 2]]


def test_two_readers_share(here):
    here.publish(b"a", b"b")
    one, two = Steps(), Steps()
    run(one.read(GroupReading(here.group)))
    run(two.read(GroupReading(here.group)))
    here.turn()
    assert (one.seqs, two.seqs) == ([1], [2])


def test_what_has_waited_too_long_is_left_to_others(here):
    here.publish(b"a", b"b", b"c")
    steps, other = Steps(), Steps()
    run(steps.read(GroupReading(here.group, inflight=3)))
    here.turn()
    run(other.read(GroupReading(here.group)))
    for _ in range(7):
        here.turn(5.0)
    steps.go_on.callback(None)
    here.turn()
    assert len(other.seqs) == 1
    assert steps.seqs[1] != other.seqs[0]


def test_closed_it_ends(here):
    reading = GroupReading(here.group)
    outcome = run(Steps().read(reading))
    here.turn()
    reading.close()
    assert outcome == ["over"]


def test_cut_off_it_says_why(here):
    outcome = run(Steps().read(GroupReading(here.group)))
    here.channel.close()
    assert isinstance(outcome[0], UnavailableError)
    assert str(outcome[0]) == "the channel is closed"
    with pytest.raises(UnavailableError):
        GroupReading(here.group)


def test_two_tasks_cannot_read_one(here):
    reading = GroupReading(here.group)
    run(Steps().read(reading))
    (error,) = run(Steps().read(reading))
    assert isinstance(error, RuntimeError)
    reading.close()
