"""One question, asked for all who want to know."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed

from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.poll import PATIENCE, Poll


class Question:
    """Is answered at once, unless the test has an answer wait."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: object = None

    def __call__(self) -> Deferred:
        self.asked += 1
        if isinstance(self.answer, Deferred):
            return self.answer
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer or self.asked)


@pytest.fixture
def question():
    return Question()


@pytest.fixture
def poll(question, clock):
    return Poll(question, clock, 1.0)


def test_nobody_asks_while_nobody_follows(poll, question, clock):
    heard = []
    leave = poll.follow(lambda: heard.append(poll.latest))
    clock.pump([1.0, 1.0])
    assert heard == [1, 2, 3]
    leave()
    leave()
    assert clock.getDelayedCalls() == []
    clock.advance(10)
    assert question.asked == 3


def test_followers_share_an_answer(poll, question, clock):
    heard = []
    first = poll.follow(lambda: heard.append("first"))
    second = poll.follow(lambda: heard.append("second"))
    assert (heard, question.asked) == (["first", "second"], 1)
    clock.advance(1.0)
    assert (heard[2:], question.asked) == (["first", "second"], 2)
    first()
    clock.advance(1.0)
    assert heard[4:] == ["second"]
    second()


def test_one_who_comes_back_soon_does_not_ask_at_once(poll, question, clock):
    poll.follow(lambda: None)()
    clock.advance(0.4)
    leave = poll.follow(lambda: None)
    assert question.asked == 1
    clock.advance(0.6)
    assert question.asked == 2
    leave()
    clock.advance(5)
    poll.follow(lambda: None)()
    assert question.asked == 3


def test_a_slow_answer_is_waited_for(poll, question, clock):
    question.answer = slow = Deferred()
    heard = []
    leave = poll.follow(lambda: heard.append(poll.latest))
    clock.pump([1.0] * 3)
    assert (question.asked, heard) == (1, [])
    slow.callback("late")
    assert heard == ["late"]
    question.answer = None
    clock.advance(1.0)
    assert question.asked == 2
    leave()


def test_an_answer_that_does_not_come(poll, question, clock):
    question.answer = Deferred()
    heard = []
    leave = poll.follow(lambda: heard.append(poll.trouble))
    clock.advance(PATIENCE)
    assert heard == ["the daemon has not said how it is for 5 s"]
    question.answer = None
    clock.advance(1.0)
    assert heard[1:] == [""]
    leave()


def test_what_is_refused_is_told_in_its_words(poll, question, clock):
    question.answer = OperationError("the daemon does not run")
    leave = poll.follow(lambda: None)
    assert poll.trouble == "the daemon does not run"
    leave()


def test_a_mistake_of_ours_is_logged_once(poll, question, clock, failures):
    question.answer = KeyError("secret")
    leave = poll.follow(lambda: None)
    clock.pump([1.0] * 3)
    assert question.asked == 4
    failures.take(KeyError)
    assert "secret" not in poll.trouble
    leave()


def test_one_who_fails_does_not_keep_others_from_hearing(poll, clock, failures):
    heard = []
    leaves = [poll.follow(lambda: 1 / 0), poll.follow(lambda: heard.append(poll.latest))]
    clock.advance(1.0)
    failures.take(ZeroDivisionError, ZeroDivisionError)
    assert heard == [1, 2]
    for leave in leaves:
        leave()


def test_what_is_fresh_is_not_asked_for_again(poll, question, clock):
    got = []
    poll.fresh().addCallback(got.append)
    clock.advance(0.9)
    poll.fresh().addCallback(got.append)
    clock.advance(0.1)
    poll.fresh().addCallback(got.append)
    assert (got, clock.getDelayedCalls()) == ([1, 1, 2], [])


def test_those_who_wait_for_the_same_share_it(poll, question):
    question.answer = slow = Deferred()
    got = []
    for _ in range(2):
        poll.fresh().addCallback(got.append)
    gone = poll.fresh()
    gone.addErrback(lambda failure: failure.trap(CancelledError))
    gone.cancel()
    slow.callback("late")
    assert (got, question.asked) == (["late", "late"], 1)


def test_asking_for_something_fresh_does_not_disturb_who_follows(poll, question, clock):
    leave = poll.follow(lambda: None)
    clock.advance(1.0)
    question.answer = OperationError("no")
    clock.advance(1.0)
    refused = []
    poll.fresh().addErrback(lambda failure: refused.append(str(failure.value)))
    assert (refused, question.asked, len(clock.getDelayedCalls())) == (["no"], 4, 1)
    leave()
    assert clock.getDelayedCalls() == []
