"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.command.amounts import duration, number, quantile, quick, size
from protocols.daemon.control.status import Latency


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (7.25, "7.2"),
        (847, "847"),
        (999.4, "999"),
        (999.6, "1.0k"),
        (12_345, "12.3k"),
        (4.1e6, "4.1M"),
        (5e12, "5T"),
    ],
)
def test_number(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (847, "847 B"),
        (1024, "1 KiB"),
        (12_600, "12.3 KiB"),
        (5 << 20, "5 MiB"),
        (3 << 40, "3 TiB"),
    ],
)
def test_size(value, shown):
    assert size(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (42.4, "42 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (15_120, "4 h 12 min"),
        (788_400, "9 d 3 h"),
    ],
)
def test_duration(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0.000_08, "80 µs"), (0.0012, "1.2 ms"), (0.25, "250 ms"), (3.44, "3.4 s")],
)
def test_quick(seconds, shown):
    assert quick(seconds) == shown


@given(st.floats(0, 1e15))
def test_columns_stay_narrow(value: float) -> None:
    assert len(number(value)) <= 6 or value > 1e14
    assert len(size(value)) <= 9


def latency(*numbers: int) -> Latency:
    return Latency(bounds=(0.001, 0.01, 0.1), numbers=numbers, total=1.0)


def test_quantiles():
    assert quantile(None, 0.5) is None
    assert quantile(latency(0, 0, 0, 0), 0.5) is None
    assert quantile(latency(10, 0, 0, 0), 0.5) == pytest.approx(0.0005)
    assert quantile(latency(50, 50, 0, 0), 0.99) == pytest.approx(0.00982)
    assert quantile(latency(0, 0, 0, 5), 0.5) == 0.1, "nothing is known of how long it was"


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_larger_part_takes_no_less(numbers: list[int], one: float, other: float) -> None:
    found = quantile(latency(*numbers), min(one, other)), quantile(latency(*numbers), max(one, other))
    assert found == (None, None) or found[0] <= found[1] <= 0.1  # type: ignore[operator]
