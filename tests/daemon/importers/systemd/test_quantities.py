"""Times and sizes of systemd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.quantities import byte_count, span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("5min 20s", 320),
        ("1h30m", 5400),
        ("100ms", 0.1),
        ("1.5s", 1.5),
        ("infinity", None),
        ("2d", 172800),
    ],
)
def test_times(text, seconds):
    assert span(text) == seconds


@pytest.mark.parametrize(("text", "count"), [("5", 5), ("8M", 8 * 2**20), ("1G", 2**30), ("infinity", None)])
def test_sizes(text, count):
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", " ", "x", "5 parsecs", "-1", "1s,"])
def test_what_is_no_time(text):
    with pytest.raises(ValueFault):
        span(text)


@given(st.text("0123456789. smhdKMGinfty-", max_size=20))
def test_nothing_but_a_clear_error(text):
    for read in (span, byte_count):
        try:
            read(text)
        except ValueFault:
            pass
