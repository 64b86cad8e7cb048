"""Rates of the last minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar

SAMPLES: Final = 300
"""Samples that are kept of each thing: five minutes, which is what somebody remembers who has just been
called."""

Name = TypeVar("Name", bound=str)


class Rates(Generic[Name]):
    """Rates of one thing, per second, oldest first; of each of its `names`."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._of: dict[Name, deque[float]] = {name: deque(maxlen=SAMPLES) for name in names}

    def extend(self, rates: Mapping[Name, float], steps: int) -> None:
        """It was so for so many samples."""
        for name, rate in rates.items():
            self._of[name].extend([rate] * steps)

    def of(self, name: Name) -> Sequence[float]:
        return tuple(self._of[name])

    def now(self, name: Name) -> float | None:
        """The last rate; ``None`` before there are two samples."""
        rates = self._of[name]
        return rates[-1] if rates else None
