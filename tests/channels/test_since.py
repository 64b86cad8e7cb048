"""Where a reader begins, as somebody writes it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.since import ALL, NEW, Since


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("new", NEW),
        ("all", ALL),
        ("last", Since("last")),
        ("0", Since("seq", 0)),
        ("17", Since("seq", 17)),
        ("2h", Since("ago", 7200)),
        ("90s", Since("ago", 90)),
        ("1w", Since("ago", 604_800)),
        ("2026-01-31T12:00:00Z", Since("time", 1_769_860_800_000)),
        ("2026-01-31T13:00:00.250+01:00", Since("time", 1_769_860_800_250)),
        ("0001-01-01T00:00:00+23:59", Since("time", -62_135_683_140_000)),
    ],
)
def test_what_it_means(text, since):
    assert Since.parse(text) == since


@pytest.mark.parametrize(
    "text",
    ["", "New", "-1", "1.5h", "2 h", "2y", "h", "٣", "1" * 19, "2026-01-31", "2026-01-31T12:00:00", "soon"],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(ValueError, match="since is new, last, all, a sequence number") as raised:
        Since.parse(text)
    assert repr(text) in str(raised.value)


@given(st.text())
def test_nothing_else_is_raised(text):
    with suppress(ValueError):
        Since.parse(text)
