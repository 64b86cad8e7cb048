"""The newest messages of a channel."""

from __future__ import annotations

import pytest

from protocols.channels.store import READ_BYTES
from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.newest import NEWEST, newest


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    return found[0]


@pytest.mark.parametrize("count", [0, 1, NEWEST, NEWEST + 7])
def test_as_many_as_there_are_up_to_some(shelf, count):
    shelf.add("readings", *[b"x"] * count)
    found = result(newest(shelf.operations, "readings"))
    assert [one.seq for one in found] == [*range(max(0, count - NEWEST) + 1, count + 1)]


def test_long_ones_are_read_one_after_the_other(shelf):
    shelf.add("readings", *[b"x" * READ_BYTES] * 3)
    assert [one.seq for one in result(newest(shelf.operations, "readings"))] == [1, 2, 3]


def test_of_a_channel_that_there_is_not(shelf):
    assert result(newest(shelf.operations, "readings")).check(OperationError)
