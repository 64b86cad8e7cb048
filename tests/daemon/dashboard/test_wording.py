"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.dashboard import wording
from protocols.daemon.dashboard.wording import THIN


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (9999, "9,999"),
        (10_000, "10.0k"),
        (99_949, "99.9k"),
        (999_499, "999k"),
        (999_600, "1.00M"),
        (12_345_678, "12.3M"),
        (5 * 10**9, "5.00G"),
        (10**15, "1000T"),
    ],
)
def test_number(value, text):
    assert wording.number(value) == text


@given(st.integers(0, 10**14))
def test_a_number_is_short(value):
    assert len(wording.number(value)) <= 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0, "0"),
        (0.01, "<0.1"),
        (0.05, "0.1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (12345.6, "12.3k"),
    ],
)
def test_rate(value, text):
    assert wording.rate(value) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1536, "1.50 KiB"),
        (64 * 2**20, "64.0 MiB"),
        (3 * 2**40, "3.00 TiB"),
    ],
)
def test_size(octets, text):
    assert wording.size(octets).replace(THIN, " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11520, "3 h 12 min"),
        (86400, "1 d"),
        (86400 * 5 + 3600 * 3, "5 d 3 h"),
        (86400 * 1234, "1,234 d"),
    ],
)
def test_span(seconds, text):
    assert wording.span(seconds).replace(THIN, " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "\u2013"), (0.00025, "250 µs"), (0.0123, "12.3 ms"), (1.5, "1.5 s")]
)
def test_latency(seconds, text):
    assert wording.latency(seconds).replace(THIN, " ") == text


def test_share():
    assert (wording.share(0.424).replace(THIN, " "), wording.share(None)) == ("42 %", "\u2013")


def test_moments(monkeypatch):
    monkeypatch.setattr(wording.time, "localtime", wording.time.gmtime)
    assert (wording.moment(0), wording.clock(61.25)) == ("1970-01-01 00:00", "00:01:01.250")


def test_several():
    assert [wording.several(n, "box", "boxes") for n in (0, 1, 2000)] == ["0 boxes", "1 box", "2,000 boxes"]
    assert wording.several(2, "worker") == "2 workers"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢", "plain é 漢"),
        ("two\nlines", "two\nlines"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x1b[2J\x00", "a\\x1b[2J\\x00"),
        ("half \udcff", "half \\udcff"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
    ],
)
def test_what_would_not_be_seen_is_shown(text, shown):
    assert wording.visible(text) == shown


@given(st.text(st.characters()))
def test_what_is_shown_can_be_sent(text):
    wording.visible(text).encode()
