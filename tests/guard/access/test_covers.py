"""Which rules never decide anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.access import Access, CertificatePattern, Facts, Hours, Rule, Selector
from protocols.networks import EVERYBODY, Networks

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def hours(*texts: str) -> Selector:
    return Selector(hours=[Hours.parse(text) for text in texts])


def certificates(*texts: str) -> Selector:
    return Selector(certificates=[CertificatePattern.parse(text) for text in texts])


def users(*names: str) -> Selector:
    return Selector(users=frozenset(names))


UNIX = Networks(unix=True)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (Selector(), Selector(), True),
        (Selector(), users("a"), True),
        (users("a"), Selector(), False),
        (users("a", "b"), users("a"), True),
        (users("a"), users("a", "b"), False),
        (users("*"), users("a"), True),
        (users("a"), users("*"), False),
        (Selector(uids=frozenset({0, 5})), Selector(uids=frozenset({0}), networks=UNIX), True),
        (Selector(uids=frozenset({0}), networks=UNIX), Selector(uids=frozenset({0})), False),
        (Selector(gids=frozenset({0})), Selector(uids=frozenset({0})), False),
        (Selector(networks=EVERYBODY), Selector(), True),
        (Selector(networks=UNIX), Selector(), False),
        (Selector(networks={"::1"}), Selector(networks={"::1"}), True),
        (Selector(networks={"::1"}), Selector(networks=UNIX), False),
        (hours("08:00-18:00"), hours("mon-fri 09:00-17:00"), True),
        (hours("08:00-12:00", "12:00-18:00"), hours("09:00-17:00"), True),
        (hours("08:00-12:00", "13:00-18:00"), hours("09:00-17:00"), False),
        (hours("00:00-24:00"), Selector(), False),
        (hours("sun 00:00-24:00", "mon 00:00-06:00"), hours("sun 22:00-06:00"), True),
        (certificates("dev7"), certificates("CN=dev7"), True),
        (certificates("CN=dev7"), certificates("dev7"), False),
        (certificates("CN=dev*"), certificates("CN=dev7", "cn=dev8"), True),
        (certificates("CN=dev*"), certificates("CN=dev.7"), False),
        (certificates("CN=dev*"), certificates("CN=dev*", "CN=d*"), False),
        (certificates("CN=d*"), certificates("CN=dev*"), False),
        (certificates("sha256:" + "a" * 64), certificates("a" * 64), False),
        (certificates("*"), Selector(), False),
    ],
)
def test_what_covers_another(outer: Selector, inner: Selector, expected: bool) -> None:
    assert outer.covers(inner) is expected


def test_the_earliest_that_covers_is_named() -> None:
    rules = [Rule(True, users("a")), Rule(False, Selector()), Rule(True, users("a")), Rule(True, Selector())]
    assert list(Access(rules).shadowed()) == [(2, 0), (3, 1)]
    assert list(Access(rules[:2]).shadowed()) == []


TIME = st.integers(0, 24 * 60 - 1)
HOURS = st.builds(Hours, TIME, TIME, st.frozensets(st.integers(0, 6), min_size=1)).filter(
    lambda one: one.begin != one.end
)


@given(HOURS, st.integers(0, 7 * 24 * 60 - 1))
def test_the_minutes_of_a_week_are_those_that_are_covered(one: Hours, minute: int) -> None:
    assert (minute in set(one.minutes())) is one.covers(MONDAY + timedelta(minutes=minute))


@given(HOURS, HOURS, st.integers(0, 7 * 24 * 60 - 1))
def test_what_is_covered_never_decides(outer: Hours, inner: Hours, minute: int) -> None:
    first, second = Selector(hours=[outer]), Selector(hours=[inner])
    facts = Facts("::1", MONDAY + timedelta(minutes=minute))
    if first.covers(second) and second.matches(facts):
        assert first.matches(facts)
