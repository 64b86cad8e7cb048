from __future__ import annotations

from protocols.daemon.workers.backoff import LONGEST, YOUNG, Backoff


def test_who_died_old_has_a_successor_at_once():
    backoff = Backoff()
    assert [backoff.died(YOUNG) for _ in range(5)] == [0] * 5


def test_the_first_that_dies_young_is_an_accident_and_then_it_takes_ever_longer():
    backoff = Backoff()
    waits = [backoff.died(0.1) for _ in range(2000)]
    assert waits[:5] == [0, 0.5, 1, 2, 4]
    assert waits[-1] == LONGEST
    assert waits == sorted(waits)


def test_one_that_lived_ends_the_series():
    backoff = Backoff()
    for _ in range(5):
        backoff.died(1)
    assert backoff.died(YOUNG + 1) == 0
    assert backoff.died(1) == 0
    assert backoff.died(1) == 0.5
