"""How often to try again, and how long to wait before that."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential back-off with jitter: the n-th wait is `first` · `factor`ⁿ seconds, `longest` at most, of
    which up to the part `jitter` is left out at random, so that many clients do not come back at once.

    Raises :class:`ValueError` for values without a meaning.
    """

    attempts: int | None = 5
    """How often to try in all, the first time included; ``None`` for ever."""
    first: float = 0.2
    """Seconds before the second attempt."""
    factor: float = 2.0
    longest: float = 30.0
    """Seconds."""
    jitter: float = 0.5
    """From 0 (none) to 1 (any time up to the whole wait)."""

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"there is at least 1 attempt, not {self.attempts}")
        if self.first < 0 or self.longest < self.first or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError(f"{self} makes no sense: 0 <= first <= longest, factor >= 1, 0 <= jitter <= 1")

    def waits(self, chance: Callable[[], float] = random.random) -> Iterator[float]:
        """The seconds to wait before each further attempt; it ends with the attempts.

        :param chance: gives numbers from 0 to 1.
        """
        left, wait = self.attempts, self.first
        while left is None or left > 1:
            yield wait * (1 - self.jitter * chance())
            wait = min(wait * self.factor, self.longest)
            left = None if left is None else left - 1


ONCE = Retry(attempts=1)
"""No second attempt."""
