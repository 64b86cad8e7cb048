"""Asking how the daemon is."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError
from twisted.logger import globalLogPublisher

from protocols.daemon.control.operations import OperationError
from protocols.daemon.metrics.asking import AGAIN, PATIENCE, Asker
from protocols.daemon.metrics.told import Told


@pytest.fixture
def asker(operations, clock):
    return Asker(operations, clock, now=lambda: 1_000 + clock.seconds())


@pytest.fixture
def heard():
    """The warnings and errors of the log."""
    events = []

    def note(event):
        if event["log_level"].name in ("warn", "error", "critical"):
            events.append(event)

    globalLogPublisher.addObserver(note)
    yield events
    globalLogPublisher.removeObserver(note)


def now(deferred):
    """The result, which must be there."""
    found = []
    deferred.addCallback(found.append)
    (result,) = found
    return result


def test_an_answer_at_once(asker, operations, everything):
    assert now(asker.told()) == Told(everything, 1_000, fresh=True)
    assert now(asker.told()) == Told(everything, 1_000, fresh=True)
    assert len(operations.asked) == 2


def test_all_who_ask_meanwhile_get_the_same_answer(asker, operations, everything, clock):
    operations.now = None
    waiting = [asker.told(), asker.told()]
    clock.advance(PATIENCE / 2)
    waiting.append(asker.told())
    (question,) = operations.asked
    question.callback(everything)
    assert [now(one) for one in waiting] == [Told(everything, 1_000 + PATIENCE / 2, fresh=True)] * 3
    assert clock.getDelayedCalls() == []


def test_who_does_not_get_an_answer_in_time_gets_what_was_known(asker, operations, everything, clock):
    first = now(asker.told())
    operations.now = None
    waiting = asker.told()
    clock.advance(PATIENCE - 0.01)
    assert not waiting.called
    clock.advance(0.02)
    assert now(waiting) == Told(everything, first.at, fresh=False)


def test_a_late_answer_is_for_those_who_ask_next(asker, operations, everything, clock):
    operations.now = None
    waiting = asker.told()
    clock.advance(PATIENCE)
    assert now(waiting) == Told()
    operations.asked[0].callback(everything)
    later = asker.told()
    clock.advance(PATIENCE)
    assert now(later) == Told(everything, 1_000 + PATIENCE, fresh=False)


def test_who_hangs_is_not_asked_again_and_again(asker, operations, clock, heard):
    operations.now = None
    for _ in range(10):
        asker.told()
        clock.advance(PATIENCE)
    assert len(operations.asked) == 1
    clock.advance(AGAIN)
    assert heard == []
    waiting = asker.told()
    assert len(operations.asked) == 2
    assert [event["log_level"].name for event in heard] == ["warn"]
    clock.advance(PATIENCE)
    assert now(waiting) == Told()


def test_a_client_that_goes_away_is_forgotten(asker, operations, everything, clock):
    operations.now = None
    left, stays = asker.told(), asker.told()
    gone = []
    left.addErrback(lambda failure: gone.append(failure.type))
    left.cancel()
    assert gone == [CancelledError]
    operations.asked[0].callback(everything)
    assert now(stays).fresh
    assert clock.getDelayedCalls() == []


def test_a_daemon_that_does_not_run_is_said_once(asker, operations, everything, heard):
    operations.now = OperationError("the daemon does not run")
    assert now(asker.told()) == now(asker.told()) == Told()
    (event,) = heard
    assert (event["log_level"].name, str(event["error"])) == ("warn", "the daemon does not run")
    operations.now = everything
    assert now(asker.told()).fresh


def test_our_own_errors_are_logged_once_until_it_works_again(asker, operations, everything, failures):
    now(asker.told())
    operations.now = LookupError("a mistake")
    assert now(asker.told()) == Told(everything, 1_000, fresh=False)
    assert not now(asker.told()).fresh
    failures.take(LookupError)
    operations.now = everything
    assert now(asker.told()).fresh
    operations.now = LookupError("a mistake")
    assert not now(asker.told()).fresh
    failures.take(LookupError)


def test_an_answer_that_fails_later(asker, operations, failures):
    operations.now = None
    waiting = asker.told()
    operations.asked[0].errback(LookupError("a mistake"))
    assert now(waiting) == Told()
    failures.take(LookupError)
