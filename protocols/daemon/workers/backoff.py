"""When a process that has died gets a successor."""

from __future__ import annotations

from typing import Final

YOUNG: Final = 10.0
"""Seconds that a process has to live for its death to be an accident: what is wrong with a start, or with
the first messages, shows sooner."""

FIRST: Final = 0.5
"""Seconds before a successor of the second that died young in a row; then twice as many each time."""

LONGEST: Final = 30.0
"""Seconds at most: so long nobody is served by it once whatever was wrong has gone."""


class Backoff:
    """Counts deaths in a row that came too early."""

    def __init__(self) -> None:
        self._young = 0

    def died(self, age: float) -> float:
        """A process has died that was so many seconds old: the seconds before it gets a successor."""
        if age >= YOUNG:
            self._young = 0
            return 0.0
        self._young += 1
        if self._young == 1:
            return 0.0  # one is an accident
        return float(min(LONGEST, FIRST * 2 ** min(self._young - 2, 10)))
