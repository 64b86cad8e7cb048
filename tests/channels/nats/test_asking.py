"""Asking a store whose servers may be away; without a server."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.channels import UnavailableError
from protocols.channels.nats.asking import PATIENCE, Asking


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asking(clock):
    return Asking(clock, lambda: "NATS is away")


async def done():
    return "done"


def words(asked):
    """Those with which it failed."""
    failed = []
    asked.addErrback(lambda failure: failed.append(failure.trap(UnavailableError) and str(failure.value)))
    (said,) = failed
    return said


def under_way(asking):
    """What it was asked for, and what fires when the answer is there."""
    answer = Deferred()

    async def wait():
        return await answer

    return asking.ask(wait), answer


def test_it_is_done_as_soon_as_it_can_be(asking, clock):
    asked = asking.ask(done)
    assert not asked.called
    asking.ready()
    assert asked.result == "done"
    assert asking.ask(done).result == "done"
    assert clock.getDelayedCalls() == []


def test_nobody_waits_for_long(asking, clock):
    asked = asking.ask(done)
    clock.advance(PATIENCE)
    assert words(asked) == "NATS is away"
    asking.ready()


def test_what_is_under_way_is_finished(asking):
    asking.ready()
    asked, answer = under_way(asking)
    finished = asking.finished()
    assert not finished.called
    assert words(asking.ask(done)) == "the channel is closed"
    answer.callback("done")
    assert finished.called
    assert asked.result == "done"
    asking.close()


def test_with_nothing_under_way_it_is_finished_at_once(asking):
    assert asking.finished().called


def test_what_waits_can_be_refused(asking, clock):
    asked = asking.ask(done)
    asking.refuse(UnavailableError("not today"))
    assert words(asked) == "not today"
    assert asking.finished().called
    assert clock.getDelayedCalls() == []


def test_what_is_not_finished_is_ended(asking, clock):
    waits = asking.ask(done)
    asking.close()
    assert words(waits) == "the channel is closed"
    assert clock.getDelayedCalls() == []
    asking.ready()


def test_what_is_under_way_is_ended(asking):
    asking.ready()
    asked, _ = under_way(asking)
    asking.close()
    assert words(asked) == "the channel is closed"
