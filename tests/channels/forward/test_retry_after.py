"""The forms of a field Retry-After."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.forward.retry_after import LONGEST, seconds_to_wait

NOW = 784111777.0 - 30  # Sun, 06 Nov 1994 08:49:37 GMT is in half a minute


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("999999999", LONGEST),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
        ("Sun Nov  6 08:49:37 1994", 30),
        ("Sun, 06 Nov 1994 08:49:07 GMT", 0),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 06 Nov 2094 08:49:37 GMT", LONGEST),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("٣", 0),
    ],
)
def test_forms(field, seconds):
    assert seconds_to_wait(field, NOW) == seconds


@given(st.text())
def test_whatever_comes_it_is_a_time(field):
    assert 0 <= seconds_to_wait(field, NOW) <= LONGEST
