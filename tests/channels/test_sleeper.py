"""A task that sleeps until it is woken."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError

from protocols.channels.sleeper import Sleeper


def test_it_sleeps_until_it_is_woken():
    sleeper = Sleeper()
    sleeper.wake()  # nobody
    sleep = sleeper.sleep()
    assert not sleep.called
    sleeper.wake()
    assert sleep.called
    assert not sleeper.sleep().called


def test_one_at_a_time():
    sleeper = Sleeper()
    sleeper.sleep()
    with pytest.raises(RuntimeError, match="two tasks"):
        sleeper.sleep()


def test_one_that_leaves_makes_room():
    sleeper = Sleeper()
    sleep = sleeper.sleep()
    sleep.addErrback(lambda failure: failure.trap(CancelledError))
    sleep.cancel()
    again = sleeper.sleep()
    sleeper.wake()
    assert again.called
