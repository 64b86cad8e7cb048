"""How much of something is too much."""

from __future__ import annotations


class Allowance:
    """A token bucket: `burst` at once, `rate` per second after that.

    :param most: how much can be saved of what is earned besides; unless said, `burst`.
    """

    __slots__ = ("_at", "_burst", "_left", "_most", "_rate")

    def __init__(self, burst: float, rate: float, most: float | None = None) -> None:
        self._burst = burst
        self._rate = rate
        self._most = burst if most is None else most
        self._left = burst
        self._at: float | None = None

    def spend(self, now: float, amount: float = 1.0) -> bool:
        """Whether there is `amount` left, which there is no more after this."""
        if self._at is not None and self._left < self._burst:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        self._left -= amount
        return self._left >= 0

    def earn(self, amount: float) -> None:
        """Something that this goes with has happened."""
        if self._left < self._most:
            self._left = min(self._most, self._left + amount)
