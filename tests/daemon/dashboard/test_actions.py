"""What people may have done."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.actions import ACTIONS, WAITED, Wish, carry_out, wish_of
from protocols.http import Form, HTTPError


@pytest.fixture
def outcomes():
    return []


@pytest.fixture
def carried_out(operations, clock, outcomes):
    def carry(name="drain", subject="shout"):
        done = carry_out(Wish(name, subject, True, ""), operations, clock)
        done.addBoth(outcomes.append)
        return done

    return carry


def test_what_a_form_says():
    form = Form([("token", "t"), ("kill", "0-1"), ("confirmed", "yes")])
    assert wish_of(form) == Wish("kill", "0-1", True, "t")
    assert wish_of(Form([("reload", "all")])) == Wish("reload", "all", False, "")


@pytest.mark.parametrize("pairs", [[], [("status", "")], [("kill", "0-1"), ("drain", "shout")]])
def test_a_form_that_says_nothing_or_too_much(pairs):
    with pytest.raises(HTTPError) as raised:
        wish_of(Form(pairs))
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("name", "asked"), [("reload", False), ("drain", True), ("kill", True), ("forgive", False)]
)
def test_what_does_harm_is_asked_about(name, asked):
    assert bool(Wish(name, "x", False, "").question) == asked
    assert Wish(name, "x", True, "").question == ""
    if asked:
        assert " x " in Wish(name, "x", False, "").question


@pytest.mark.parametrize("name", ACTIONS)
def test_each_is_done(carried_out, operations, outcomes, clock, name):
    carried_out(name)
    assert operations.asked == [(name,) if name == "reload" else (name, "shout")]
    assert [outcome.text for outcome in outcomes] == [f"{name} is done"]
    assert clock.getDelayedCalls() == []


def test_what_makes_no_sense(carried_out, operations, outcomes):
    operations.outcome = OperationError("there is no service shout")
    carried_out()
    assert [(outcome.done, outcome.text) for outcome in outcomes] == [(False, "there is no service shout")]


def test_what_takes_long_goes_on(carried_out, operations, outcomes, clock, made):
    operations.outcome = slow = Deferred()
    carried_out()
    clock.advance(WAITED)
    assert [outcome.text for outcome in outcomes] == [
        "shout listens no more, and waits for its connections to finish"
    ]
    slow.callback(made.outcome(done=True, text=""))
    assert len(outcomes) == 1


def test_a_mistake_of_ours(carried_out, operations, outcomes, clock, failures):
    operations.outcome = KeyError()
    carried_out()
    assert outcomes[0].check(KeyError)
    operations.outcome = slow = Deferred()
    carried_out()
    clock.advance(WAITED)
    slow.errback(LookupError())
    failures.take(LookupError)


def test_nobody_waits_any_more(carried_out, operations, outcomes, clock, made):
    operations.outcome = slow = Deferred()
    carried_out().cancel()
    assert outcomes[0].check(CancelledError)
    assert clock.getDelayedCalls() == []
    slow.callback(made.outcome(done=True, text=""))
