"""One timer of the reactor for all connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from protocols.stream_timers import SLACK, Timers


class Timed:
    def __init__(self, clock, then=None):
        self.due = None
        self.clock = clock
        self.then = then
        self.rang = []

    def time_out(self):
        self.rang.append(self.clock.seconds())
        if self.then is not None:
            self.then(self)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timers(clock):
    return Timers(clock)


def test_each_rings_once_at_its_time(clock, timers):
    late, soon = Timed(clock), Timed(clock)
    timers.start(late, 10)
    timers.start(soon, 3)
    for _ in range(20):
        clock.advance(1)
    assert (soon.rang, late.rang) == ([3], [10])
    assert clock.getDelayedCalls() == []


def test_started_again_it_rings_at_the_new_time_only(clock, timers):
    sooner, later = Timed(clock), Timed(clock)
    timers.start(sooner, 10)
    timers.start(sooner, 2)
    timers.start(later, 5)
    timers.start(later, 10)
    for _ in range(20):
        clock.advance(1)
    assert (sooner.rang, later.rang) == ([2], [10])


def test_stopped_it_does_not_ring_and_nothing_is_left(clock, timers):
    timed = Timed(clock)
    timers.start(timed, 10)
    timers.stop(timed)
    timers.stop(timed)
    assert clock.getDelayedCalls() == []
    clock.advance(10)
    assert timed.rang == []


def test_it_may_start_itself_again(clock, timers):
    timed = Timed(clock, lambda timed: timers.start(timed, 4))
    timers.start(timed, 1)
    for _ in range(10):
        clock.advance(1)
    assert timed.rang == [1, 5, 9]


def test_what_is_stopped_is_forgotten(clock, timers):
    stays = Timed(clock)
    timers.start(stays, 1000)
    for _ in range(10 * SLACK):
        timed = Timed(clock)
        timers.start(timed, 1000)
        timers.stop(timed)
    assert len(timers._heap) <= 2 + SLACK
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(1000)
    assert stays.rang == [1000]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["start", "stop", "wait"]), st.integers(1, 9))))
def test_as_with_a_timer_for_each(steps):
    clock = Clock()
    timers = Timers(clock)
    all_timed = [Timed(clock) for _ in range(4)]
    expected: list[list[float]] = [[] for _ in all_timed]
    due: list[float | None] = [None] * 4
    for index, step, seconds in [*steps, (0, "wait", 20)]:
        if step == "start":
            timers.start(all_timed[index], seconds)
            due[index] = clock.seconds() + seconds
        elif step == "stop":
            timers.stop(all_timed[index])
            due[index] = None
        else:
            for _ in range(seconds):
                clock.advance(1)
                for each, when in enumerate(due):
                    if when is not None and when <= clock.seconds():
                        expected[each].append(when)
                        due[each] = None
    assert [timed.rang for timed in all_timed] == expected
    assert clock.getDelayedCalls() == []
