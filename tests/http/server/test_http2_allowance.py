from __future__ import annotations

from protocols.http.server.http2_allowance import Allowance


def spent(allowance: Allowance, now: float) -> int:
    """How much can be spent at once."""
    count = 0
    while allowance.spend(now):
        count += 1
    return count


def test_a_burst_and_what_comes_back() -> None:
    allowance = Allowance(10, 2)
    assert spent(allowance, 0) == 10
    assert spent(allowance, 3) == 5  # one was owed
    assert spent(allowance, 1000) == 10


def test_several_at_once() -> None:
    allowance = Allowance(10, 0)
    assert allowance.spend(0, 10)
    assert not allowance.spend(0, 1)


def test_what_is_earned() -> None:
    allowance = Allowance(10, 0)
    allowance.earn(5)
    assert spent(allowance, 0) == 10
    allowance.earn(5)
    assert spent(allowance, 0) == 4


def test_what_is_earned_is_saved_up_to_a_bound() -> None:
    allowance = Allowance(10, 1, 100)
    for _ in range(50):
        allowance.earn(5)
    assert spent(allowance, 0) == 100
