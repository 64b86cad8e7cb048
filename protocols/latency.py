"""How long answers took, as a histogram, and which of them are looked at."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

BOUNDS: Final = (
    *(0.000_01, 0.000_02, 0.000_05),
    *(0.000_1, 0.000_2, 0.000_5),
    *(0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0),
    *(10.0, 30.0),
)
"""Seconds: the upper bounds of the buckets.  From what a function takes that does next to nothing to the
time after which a call is given up; each is some twice the one before, as exact as such figures are read."""

PERIOD: Final = 0.001
"""Seconds from one answer that is measured to the next, under load: a thousand a second tell as much as all,
and cost nothing that could be measured."""

MOST: Final = 128
"""Messages of which one is measured at least: so soon is each one again after a rush."""


class Histogram:
    """The durations of answers.

    .. attribute:: numbers

       How many there are in each bucket: up to and with each of :data:`BOUNDS`, and longer.

    .. attribute:: total

       Seconds together.
    """

    __slots__ = ("numbers", "total")

    def __init__(self) -> None:
        self.numbers = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float, number: int = 1) -> None:
        """So many answers took so long, each."""
        self.numbers[bisect_left(BOUNDS, seconds)] += number
        self.total += seconds * number


class Pace:
    """Which of many messages are measured: each one while they are few, and about one each :data:`PERIOD`
    while they are many.

    They are told by a number that grows with each, so that one comparison decides, and the time is only
    asked for where it is wanted.

    """

    __slots__ = ("_last", "_moment")

    def __init__(self) -> None:
        self._last = 0
        self._moment = 0.0

    def next(self, number: int, now: float) -> int:
        """Which is to be measured after the message that is `number`, and is measured `now` by some clock."""
        passed, elapsed = number - self._last, now - self._moment
        self._last, self._moment = number, now
        # As many as now come in that time.
        step = passed * PERIOD / elapsed if elapsed > 0 else MOST
        return number + max(1, min(int(step), MOST))
