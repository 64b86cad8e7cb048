"""The channels there are."""

from __future__ import annotations

import pytest

from protocols.channels.directory import Directory
from protocols.channels.errors import UnknownError


def test_by_name(stage):
    channel = stage().channel
    there = Directory({"readings": channel})
    assert there["readings"] is channel
    assert there.get("readings") is channel
    assert (list(there), len(there), "readings" in there) == (["readings"], 1, True)


def test_unknown():
    there = Directory()
    with pytest.raises(UnknownError, match="there is no channel 'readings'"):
        there["readings"]
    assert there.get("readings") is None
    assert there.get("readings", 5) == 5
    assert "readings" not in there


def test_replaced(stage):
    there = Directory({"old": stage().channel})
    new = {"new": stage().channel}
    there.replace(new)
    new.clear()
    assert list(there) == ["new"]
