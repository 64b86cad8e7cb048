"""How long to leave a target alone that fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FIRST: Final = 1.0
"""Seconds after the first failure: about what a server needs to start anew."""

LONGEST: Final = 300.0
"""Seconds between two attempts, at most: so long may a target be back before anything comes to it."""


class Backoff:
    """Twice as long after each failure in a row.

    Each time between a half and all of it is chosen at random, so that many who lost the same target do not
    come back to it together.

    :param first: seconds after the first failure.
    :param longest: seconds at most.
    :param chance: a number from 0 to 1.
    """

    def __init__(
        self,
        first: float = FIRST,
        longest: float = LONGEST,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self._longest = max(first, longest)
        self._chance = chance
        self._ceiling = first

    def next(self) -> float:
        """Seconds to wait now: it has failed once more."""
        ceiling = self._ceiling
        self._ceiling = min(2 * ceiling, self._longest)
        return ceiling * (1 + self._chance()) / 2

    def reset(self) -> None:
        """It has not failed."""
        self._ceiling = self._first
