"""Longer and longer, up to a limit, and by chance."""

from __future__ import annotations

from protocols.channels.forward.backoff import Backoff


def test_twice_as_long_each_time_up_to_the_longest():
    backoff = Backoff(1.0, 10.0, lambda: 1.0)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next() == 1


def test_a_half_of_it_at_least():
    backoff = Backoff(1.0, 10.0, lambda: 0.0)
    assert [backoff.next() for _ in range(5)] == [0.5, 1, 2, 4, 5]


def test_chance_is_asked_each_time():
    chances = iter([0.0, 0.5, 1.0])
    backoff = Backoff(8.0, 8.0, lambda: next(chances))
    assert [backoff.next() for _ in range(3)] == [4, 6, 8]


def test_by_itself_it_varies_within_bounds():
    backoff = Backoff(1.0, 1.0)
    times = {backoff.next() for _ in range(100)}
    assert len(times) > 50
    assert all(0.5 <= time <= 1 for time in times)


def test_the_first_may_be_longer_than_the_longest():
    backoff = Backoff(600.0, 300.0, lambda: 1.0)
    assert [backoff.next(), backoff.next()] == [600, 600]
