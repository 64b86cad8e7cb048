"""Durations, sizes and rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Rate, Size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("500ms", 0.5),
        ("5m", 300),
        ("2h", 7200),
        ("7d", 604800),
        ("1h30m", 5400),
        ("1m500ms", 60.5),
        ("1.5s", 1.5),
        ("0s", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    duration = Duration.parse(text)
    assert duration == seconds
    assert str(duration) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", "has no unit"),
        ("", "is not a duration"),
        ("ten seconds", "is not a duration"),
        ("30m1h", "is not a duration"),
        ("-5s", "is not a duration"),
        ("5 s", "is not a duration"),
        ("5S", "is not a duration"),
        ("9999999999s", "is not a duration"),
        ("5s\n", "is not a duration"),
    ],
)
def test_no_durations(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Duration.parse(text)


def test_a_unit_is_offered_where_it_makes_a_duration() -> None:
    with pytest.raises(ValidationError, match='not the number 7; write the unit: "7s"'):
        TypeAdapter(Duration).validate_python(7)
    with pytest.raises(ValidationError, match="not the number -1 "):
        TypeAdapter(Duration).validate_python(-1)


@given(st.integers(0, 999), st.integers(0, 23), st.integers(0, 59), st.integers(0, 999))
def test_compound_durations(days: int, hours: int, minutes: int, milliseconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{milliseconds}ms"
    expected = days * 86400 + hours * 3600 + minutes * 60 + milliseconds / 1000
    assert Duration.parse(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512),
        ("512B", 512),
        ("64KiB", 65536),
        ("1MB", 1_000_000),
        ("1kB", 1000),
        ("2GiB", 2 * 1024**3),
        ("0", 0),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert Size.parse(text) == size
    assert str(Size.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64K", "did you mean KiB"),
        ("64kb", "did you mean K?k?B"),
        ("1mib", "did you mean MiB"),
        ("1TB", "known units"),
        ("-1", "is not a size"),
        ("1.5MB", "is not a size"),
        ("", "is not a size"),
        ("64 KiB", "is not a size"),
    ],
)
def test_no_sizes(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Size.parse(text)


@pytest.mark.parametrize("value", [True, 1.5, None, [], "x", -1])
def test_other_types_are_no_sizes(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Size).validate_python(value)


@pytest.mark.parametrize("value", [True, 5, 1.5, None, []])
def test_a_duration_needs_text(value: object) -> None:
    with pytest.raises(ValidationError, match="a duration such as 10s"):
        TypeAdapter(Duration).validate_python(value)


def test_zero_is_not_positive() -> None:
    with pytest.raises(ValidationError, match="must be more than 0"):
        TypeAdapter(PositiveDuration).validate_python("0s")
    with pytest.raises(ValidationError, match="must be more than 0"):
        TypeAdapter(PositiveSize).validate_python(0)
    assert TypeAdapter(PositiveSize).validate_python(1) == 1


def test_values_made_in_python_have_a_text_too() -> None:
    assert str(Duration(1.5)) == "1.5s"
    assert str(Size(5)) == "5"


@pytest.mark.parametrize(
    ("text", "rate", "times"),
    [("50/s", 50, 50), ("30/m", 0.5, 30), ("36/h", 0.01, 36), ("86400/d", 1, 86400)],
)
def test_rates(text: str, rate: float, times: int) -> None:
    parsed = Rate.parse(text)
    assert (parsed, parsed.times, str(parsed)) == (rate, times, text)


@pytest.mark.parametrize(
    "value", ["50", "0/s", "5/y", "5/sec", "-5/s", "1.5/s", "/s", 50, None, True, "5/s\n"]
)
def test_what_is_no_rate(value: object) -> None:
    with pytest.raises(ValidationError, match="a rate such as"):
        TypeAdapter(Rate).validate_python(value)
