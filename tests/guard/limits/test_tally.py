from __future__ import annotations

import pytest

from protocols.guard.limits.tally import second_of
from protocols.token_buckets import TokenBuckets


def test_a_second_of_it_may_be_taken_at_once():
    buckets = TokenBuckets(3, second_of(3))
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0, 0, 0, pytest.approx(1 / 3)]
    assert TokenBuckets(0.5, second_of(0.5)).take("a", 0.0) == 0
