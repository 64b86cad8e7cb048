"""Plain scalars one by one; documents are in test_yaml_reader."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.yaml_scalars import LONGEST_NUMBER, ScalarError, resolve


@given(st.integers(-(10**60), 10**60))
def test_integers(number: int) -> None:
    assert resolve(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    assert resolve(repr(number)) == number


@given(st.text())
def test_nothing_else_is_raised(text: str) -> None:
    try:
        value = resolve(text)
    except ScalarError:
        return
    assert value is None or isinstance(value, str | int | float)


def test_not_a_number() -> None:
    number = resolve(".nan")
    assert isinstance(number, float)
    assert math.isnan(number)


@pytest.mark.parametrize("text", ["00", "-01", "+007", "0000000"])
def test_leading_zeros(text: str) -> None:
    with pytest.raises(ScalarError, match="leading zero"):
        resolve(text)


def test_length_is_bounded() -> None:
    assert resolve("1" * LONGEST_NUMBER) == int("1" * LONGEST_NUMBER)
    with pytest.raises(ScalarError, match="the longest is"):
        resolve("1" * (LONGEST_NUMBER + 1))
