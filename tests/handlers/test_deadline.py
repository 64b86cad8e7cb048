"""One timer for the calls of a function."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from protocols.handlers.deadline import CallTimeoutError, Deadlines


@pytest.fixture
def clock():
    return Clock()


def test_calls_expire_in_the_order_they_began(clock):
    expired = []
    deadlines = Deadlines(10, clock)
    for number in range(3):
        deadlines.begin(number, lambda number=number: expired.append((number, clock.seconds())))
        clock.advance(1)
    for _ in range(12):
        clock.advance(1)
    assert expired == [(0, 10), (1, 11), (2, 12)]
    assert clock.getDelayedCalls() == []


def test_calls_that_end_do_not_expire(clock):
    expired = []
    deadlines = Deadlines(10, clock)
    deadlines.begin("a", lambda: expired.append("a"))
    deadlines.begin("b", lambda: expired.append("b"))
    deadlines.end("a")
    deadlines.end("a")
    clock.advance(10)
    assert expired == ["b"]


def test_many_calls_have_one_timer(clock):
    deadlines = Deadlines(10, clock)
    for number in range(1000):
        deadlines.begin(number, list)
    assert len(clock.getDelayedCalls()) == 1
    deadlines.stop()
    assert clock.getDelayedCalls() == []


def test_a_call_that_begins_while_another_expires_changes_nothing_for_the_next(clock):
    expired = []
    deadlines = Deadlines(10, clock)
    deadlines.begin("a", lambda: deadlines.begin("c", lambda: expired.append(("c", clock.seconds()))))
    clock.advance(1)
    deadlines.begin("b", lambda: expired.append(("b", clock.seconds())))
    for _ in range(20):
        clock.advance(1)
    assert expired == [("b", 11), ("c", 20)]


def test_limited_gives_what_comes_in_time(clock):
    outcome = Deferred()
    results = []
    Deadlines(10, clock).limited(outcome, "late").addCallback(results.append)
    outcome.callback("in time")
    assert results == ["in time"]
    clock.advance(10)
    assert results == ["in time"]


def test_limited_cancels_what_is_late_and_drops_what_it_gives_then(clock):
    swallowed = []
    outcome = Deferred(lambda deferred: swallowed.append(deferred))
    failures = []
    Deadlines(10, clock).limited(outcome, "late").addErrback(failures.append)
    clock.advance(10)
    assert swallowed == [outcome]
    (failure,) = failures
    assert failure.check(CallTimeoutError)
    assert str(failure.value) == "late"


def test_cancelling_what_is_limited_cancels_the_outcome(clock):
    outcome = Deferred()
    deadlines = Deadlines(10, clock)
    limited = deadlines.limited(outcome, "late")
    failures = []
    limited.addErrback(failures.append)
    limited.cancel()
    assert failures[0].check(CancelledError)
    clock.advance(10)
    assert len(failures) == 1


def test_a_call_that_cannot_be_cancelled_changes_nothing_for_the_others(clock, failures):
    def hold_on(deferred):
        raise ZeroDivisionError

    deadlines = Deadlines(10, clock)
    errors = []
    for canceller in (hold_on, None):
        deadlines.limited(Deferred(canceller), "late").addErrback(errors.append)
    clock.advance(10)
    assert [error.type for error in errors] == [CallTimeoutError, CallTimeoutError]
    failures.take(ZeroDivisionError)
    expired = []
    deadlines.begin("next", lambda: expired.append("next"))
    clock.advance(10)
    assert expired == ["next"]
