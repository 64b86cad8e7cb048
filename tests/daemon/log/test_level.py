"""The least that is logged."""

from __future__ import annotations

import pytest
from twisted.logger import LogLevel, PredicateResult

from protocols.daemon.log import LEVELS, Threshold
from protocols.daemon.log.level import DaemonThreshold
from protocols.journal import Journal


def passing(threshold: Threshold) -> list[str]:
    events = {name: {"log_level": LogLevel.levelWithName(name)} for name in LEVELS}
    return [name for name, event in events.items() if threshold(event) is not PredicateResult.no]


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_of_a_level_and_above_passes(level):
    threshold = Threshold(level)
    assert threshold.level == level
    assert passing(threshold) == list(LEVELS[LEVELS.index(level) :])


def test_it_may_change():
    threshold = Threshold("error")
    threshold.set("debug")
    assert threshold.level == "debug"
    assert passing(threshold) == list(LEVELS)
    threshold.set("critical")
    assert passing(threshold) == ["critical"]


def test_a_level_that_there_is_not_changes_nothing():
    threshold = Threshold("warn")
    with pytest.raises(ValueError, match="loud: known values: debug, info, warn, error, critical"):
        threshold.set("loud")
    assert threshold.level == "warn"


def test_an_event_without_a_level_is_information():
    assert Threshold("info")({}) is PredicateResult.maybe
    assert Threshold("warn")({}) is PredicateResult.no


def test_connections_are_followed_while_somebody_reads_of_them(monkeypatch):
    monkeypatch.setattr(Journal, "follows_connections", True)
    threshold = DaemonThreshold()
    threshold.set("info")
    assert not Journal.follows_connections
    threshold.set("debug")
    assert Journal.follows_connections
