"""Reloads one after the other, and what is told of them."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.daemon import StartError
from protocols.daemon.problems import ConfigError, Problem
from protocols.daemon.reload.reloads import Reloads


class Attempts:
    def __init__(self):
        self.made = []

    def __call__(self):
        self.made.append(Deferred())
        return self.made[-1]


@pytest.fixture
def attempts():
    return Attempts()


@pytest.fixture
def reloads(attempts):
    return Reloads(attempts)


def heard(deferred):
    outcomes = []
    deferred.addCallback(outcomes.append)
    return outcomes


def test_what_was_done_is_told(reloads, attempts):
    outcomes = heard(reloads.ask())
    assert not outcomes
    attempts.made[0].callback("1 kept")
    [outcome] = outcomes
    assert (outcome.done, outcome.text, outcome.problems) == (True, "1 kept", ())
    status = reloads.status
    assert (status.done, status.refused, status.last) == (1, 0, outcome)
    assert status.at is not None


def test_every_problem_is_told(reloads, attempts):
    outcomes = heard(reloads.ask())
    problems = [
        Problem("p.yaml", 1, 2, "services", "is missing"),
        Problem("p.yaml", 3, 4, "x", "is not known"),
    ]
    attempts.made[0].errback(ConfigError(problems))
    [outcome] = outcomes
    assert not outcome.done
    assert outcome.text == "not reloaded, for 2 problems: nothing has changed"
    assert outcome.problems == ("p.yaml:1:2: services: is missing", "p.yaml:3:4: x: is not known")
    assert (reloads.status.done, reloads.status.refused) == (0, 1)


def test_a_refusal_is_one_problem(reloads, attempts):
    outcomes = heard(reloads.ask())
    attempts.made[0].errback(StartError("cannot listen: …"))
    assert outcomes[0].text == "not reloaded, for a problem: nothing has changed"
    assert outcomes[0].problems == ("cannot listen: …",)


def test_what_nobody_foresaw_is_told_and_logged(reloads, attempts, failures):
    outcomes = heard(reloads.ask())
    attempts.made[0].errback(ZeroDivisionError("oh"))
    assert outcomes[0].problems == ("ZeroDivisionError: oh",)
    failures.take(ZeroDivisionError)


def test_an_attempt_that_raises_is_one_that_fails(failures):
    def attempt():
        raise StartError("no")

    assert heard(Reloads(attempt).ask())[0].problems == ("no",)


def test_one_at_a_time_and_all_who_ask_meanwhile_share_the_next(reloads, attempts):
    first, second, third = (heard(reloads.ask()) for _ in range(3))
    assert len(attempts.made) == 1
    attempts.made[0].callback("first")
    assert len(attempts.made) == 2
    assert [outcome.text for outcome in first] == ["first"]
    assert second == third == []
    attempts.made[1].callback("second")
    assert [outcome.text for outcome in (*second, *third)] == ["second", "second"]
    assert len(attempts.made) == 2
    assert reloads.status.done == 2


def test_who_waits_for_a_reload_comes_before_the_next(reloads, attempts):
    settled = heard(reloads.settled())
    assert settled == [None]
    reloads.ask()
    reloads.ask()
    settled = heard(reloads.settled())
    assert settled == []
    begun = []
    reloads.settled().addCallback(lambda _: begun.append(len(attempts.made)))
    attempts.made[0].callback("1 kept")
    assert settled == [None]
    assert begun == [1]
    assert len(attempts.made) == 2
