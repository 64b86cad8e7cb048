from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.limits import Penalties, Penalty
from protocols.guard.limits.penalties import MOST


def test_a_few_offences_are_forgiven():
    penalties = Penalties(threshold=3, half_life=10)
    assert penalties.add("a", 1, 0.0) is None
    assert penalties.add("a", 1, 0.0) is None
    assert penalties.until("a", 0.0) is None
    assert penalties.until("b", 0.0) is None


def test_too_many_shut_out_until_they_are_half_forgotten():
    penalties = Penalties(threshold=3, half_life=10)
    penalties.add("a", 5, 0.0)
    assert penalties.until("b", 0.0) is None
    assert penalties.add("a", 1, 0.0) is None, "it was shut out before"
    assert penalties.until("a", 0.0) == pytest.approx(10)
    assert penalties.until("a", 9.9) == pytest.approx(10)
    assert penalties.until("a", 10.1) is None


def test_when_it_begins_is_said_once():
    penalties = Penalties(threshold=2, half_life=10)
    assert penalties.add("a", 1.5, 0.0) is None
    assert penalties.add("a", 1.5, 0.0) == pytest.approx(10 * 0.58496, rel=1e-3)
    assert penalties.add("a", 1.5, 0.0) is None
    assert penalties.add("a", 2.0, 1000.0) is not None, "a second time"


def test_nobody_is_shut_out_for_ever():
    penalties = Penalties(threshold=1, half_life=1)
    for _ in range(100_000):
        penalties.add("a", 10, 0.0)
    assert penalties.score("a", 0.0) == MOST
    assert penalties.until("a", 8.1) is None


def test_who_was_quiet_longest_is_forgotten_first():
    penalties = Penalties(threshold=1, half_life=10, sources=2)
    for source in ("a", "b", "a", "c"):
        penalties.add(source, 2, 0.0)
    assert [entry.source for entry in penalties.entries(0.0)] == ["a", "c"]


def test_they_can_be_listed_and_forgiven():
    penalties = Penalties(threshold=1, half_life=10)
    penalties.add("a", 2, 0.0)
    penalties.add("b", 0.5, 0.0)
    assert list(penalties.entries(0.0)) == [Penalty("a", 2.0, 10.0)]
    assert penalties.forgive("a")
    assert not penalties.forgive("a")
    assert list(penalties.entries(0.0)) == []
    penalties.add("a", 2, 0.0)
    penalties.add("c", 2, 0.0)
    penalties.forgive_all()
    assert list(penalties.entries(0.0)) == []


@given(st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 50)), min_size=1, max_size=30))
def test_whoever_keeps_quiet_is_let_in_when_it_was_said(offences):
    penalties, now = Penalties(threshold=4, half_life=20), 0.0
    for points, pause in offences:
        now += pause
        penalties.add("a", points, now)
        until = penalties.until("a", now)
        assert (until is None) == (penalties.score("a", now) < 4)
        if until is not None:
            assert penalties.until("a", until + 1e-3) is None
            assert penalties.until("a", (now + until) / 2) == pytest.approx(until)
