from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.token_buckets import TokenBuckets


def test_a_burst_and_then_the_rate() -> None:
    buckets = TokenBuckets(2, 3)
    assert [buckets.take("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("a", 0.25) == 0.25
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == 0.5


def test_keys_do_not_take_from_each_other() -> None:
    buckets = TokenBuckets(1, 1)
    assert [buckets.take(key, 0) for key in ("a", "b", "a", "b")] == [0, 0, 1, 1]


def test_a_token_that_is_given_back() -> None:
    buckets = TokenBuckets(1, 1)
    buckets.take("a", 0)
    buckets.give_back("a")
    assert buckets.take("a", 0) == 0
    buckets.give_back("nobody")
    assert buckets.take("nobody", 0) == 0
    assert buckets.take("nobody", 0) == 1


def test_full_buckets_are_forgotten() -> None:
    buckets = TokenBuckets(1, 1)
    for second in range(100):
        buckets.take(f"client {second}", second)
    assert len(buckets) <= 2


def test_what_is_remembered_is_bounded_and_those_who_ask_most_are_kept() -> None:
    buckets = TokenBuckets(1, 2, keys=10)
    buckets.take("greedy", 0)
    for number in range(100):
        buckets.take("greedy", 0)
        buckets.take(f"client {number}", 0)
        assert len(buckets) <= 10
    # It was refused all the time, and so not the last to be granted something.
    assert buckets.take("client 99", 0) == 0
    assert buckets.take("client 99", 0) == 1


class Model:
    """A bucket as the books have it: tokens that fill up with time."""

    def __init__(self, rate: int, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.at = float(burst), 0.0

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        return False


# Quarters of a second, and rates of powers of two: floats hold all of that.
@given(st.sampled_from([1, 2, 4]), st.integers(1, 5), st.lists(st.integers(0, 8), max_size=60))
def test_it_grants_what_a_bucket_grants(rate: int, burst: int, steps: list[int]) -> None:
    buckets, model, now = TokenBuckets(rate, burst), Model(rate, burst), 0.0
    for step in steps:
        now += step / 4
        wait = buckets.take("a", now)
        assert (wait == 0) == model.take(now)
        if wait:
            assert wait == (1 - model.tokens) / rate


def test_what_is_charged_may_leave_a_debt():
    buckets = TokenBuckets(10, 10)
    assert buckets.charge("a", 10, 0.0) == 0
    assert buckets.charge("a", 5, 0.0) == pytest.approx(0.5)
    assert buckets.charge("a", 0, 0.25) == pytest.approx(0.25)
    assert buckets.charge("b", 1, 0.0) == 0
    assert buckets.charge("a", 0, 1.0) == 0
