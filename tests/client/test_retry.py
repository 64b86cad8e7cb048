from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.client import Retry


def test_waits_grow_up_to_the_longest_and_end_with_the_attempts():
    retry = Retry(attempts=6, first=1, factor=2, longest=5, jitter=0)
    assert list(retry.waits()) == [1, 2, 4, 5, 5]


def test_one_attempt_waits_for_nothing():
    assert list(Retry(attempts=1).waits()) == []


def test_without_a_number_there_is_no_end():
    assert len(list(islice(Retry(attempts=None).waits(), 1000))) == 1000


@given(st.floats(0, 1), st.floats(0, 1))
def test_jitter_leaves_out_a_part_at_most(jitter, chance):
    [wait] = Retry(attempts=2, first=8, jitter=jitter).waits(lambda: chance)
    assert 8 * (1 - jitter) <= wait <= 8


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"first": -1}, {"first": 9, "longest": 1}, {"factor": 0.5}, {"jitter": 2}]
)
def test_values_without_a_meaning(wrong):
    with pytest.raises(ValueError, match=r"attempt|no sense"):
        Retry(**wrong)
