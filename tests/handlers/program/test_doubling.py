"""Pauses that grow."""

from __future__ import annotations

from protocols.handlers.program.doubling import Doubling


def test_twice_as_long_each_time_up_to_a_limit():
    pauses = Doubling(0.5, 3.0)
    assert pauses.last == 0.0
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert pauses.last == 3.0


def test_the_first_again():
    pauses = Doubling(0.5, 3.0)
    pauses.next()
    pauses.next()
    pauses.reset()
    assert (pauses.last, pauses.next()) == (0.0, 0.5)
