"""Pauses that grow as long as what makes them necessary goes on."""

from __future__ import annotations


class Doubling:
    """Twice as long each time, in seconds, from `first` to `longest`.

    .. attribute:: last

       The one that :meth:`next` gave; 0 before the first, and after :meth:`reset`.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self.last = 0.0

    def next(self) -> float:
        """How long to wait now."""
        self.last = min(max(self.last * 2, self._first), self._longest)
        return self.last

    def reset(self) -> None:
        """All is well: the next is the first again."""
        self.last = 0.0
