"""Whether a target can be reached, by what was last seen of it."""

from __future__ import annotations

RISE = 2
"""Successes in a row after which a target is up again: one may be luck."""

FALL = 3
"""Failures in a row after which a target is down: one may be a network that was busy for a moment."""


class Health:
    """Up until :attr:`fall` failures in a row, then down until :attr:`rise` successes in a row.

    .. attribute:: failures

       In a row, until now.
    """

    __slots__ = ("_successes", "failures", "fall", "is_up", "rise")

    def __init__(self, rise: int = RISE, fall: int = FALL) -> None:
        self.rise = rise
        self.fall = fall
        self.is_up = True
        self.failures = 0
        self._successes = 0

    def failed(self) -> bool:
        """It could not be reached; whether it is down by that."""
        self.failures += 1
        self._successes = 0
        if not self.is_up or self.failures < self.fall:
            return False
        self.is_up = False
        return True

    def succeeded(self) -> bool:
        """It was reached; whether it is up again by that."""
        self.failures = 0
        if self.is_up:
            return False
        self._successes += 1
        if self._successes < self.rise:
            return False
        self.is_up = True
        self._successes = 0
        return True

    def revive(self) -> None:
        """Forget that it is down: nobody can find out."""
        self.is_up = True
        self.failures = self._successes = 0
