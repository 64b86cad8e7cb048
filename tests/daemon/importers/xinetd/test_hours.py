"""Times of the day as xinetd writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.xinetd.hours import hours_of
from protocols.guard.access import Hours


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2:00-8:59", "02:00-09:00"),
        ("12:00-23:59", "12:00-24:00"),
        ("12:00-24:00", "12:00-24:00"),
        ("0:00-0:01", "00:00-00:02"),
    ],
)
def test_the_last_minute_is_in(text, hours):
    assert hours_of(text) == hours
    Hours.parse(hours)


@pytest.mark.parametrize(
    "text", ["", "8-17", "25:00-26:00", "8:60-9:00", "9:00-8:00", "9:00-9:00", "8:00-24:01"]
)
def test_what_is_no_time(text):
    with pytest.raises(ValueFault):
        hours_of(text)


@given(st.text(max_size=12))
def test_nothing_but_a_clear_error(text):
    try:
        Hours.parse(hours_of(text))
    except ValueFault:
        pass
