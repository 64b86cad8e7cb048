"""Token buckets, one a key; no clock and no request in sight."""

from __future__ import annotations

from typing import Protocol

KEYS = 50_000
"""Keys that are remembered: some 10 MB at the most.  Past that the one that asked least recently gets a full
bucket again, which is what a new one has anyway."""


class Buckets(Protocol):
    """Buckets that may be of several processes; see :class:`TokenBuckets`, which are those of one."""

    def take(self, key: str, now: float) -> float:
        """Take a token of `key`: 0 if there was one, else the seconds until there is."""

    def charge(self, key: str, amount: float, now: float) -> float:
        """Take `amount` tokens, whether they are there or not: seconds for which to take no more."""

    def give_back(self, key: str) -> None:
        """Undo a :meth:`take`."""


class TokenBuckets:
    """Grants `rate` a second to each key, and up to `burst` at once to one that has waited.

    What is kept of a key is one number, the time at which its bucket is full again (the generic cell rate
    algorithm, ITU-T I.371); a key whose bucket is full is forgotten.

    :param keys: how many keys are remembered.
    """

    def __init__(self, rate: float, burst: int, keys: int = KEYS) -> None:
        self._interval = 1 / rate
        self._slack = (burst - 1) * self._interval
        self._keys = keys
        self._full_at: dict[str, float] = {}
        """In the order in which the keys last were granted something."""

    def take(self, key: str, now: float) -> float:
        """Take a token of `key`.

        :returns: 0 if there was one, else the seconds until there is; nothing is taken then.
        """
        full_at = max(self._full_at.get(key, now), now)
        wait = full_at - now - self._slack
        if wait > self._interval * 1e-6:  # less is what floats have lost
            return wait
        self._full_at.pop(key, None)
        self._full_at[key] = full_at + self._interval
        self._forget(now)
        return 0.0

    def charge(self, key: str, amount: float, now: float) -> float:
        """Take `amount` tokens of `key`, whether they are there or not.

        :returns: seconds until they would all have been: how long to take no more.
        """
        full_at = max(self._full_at.pop(key, now), now) + amount * self._interval
        self._full_at[key] = full_at
        self._forget(now)
        wait = full_at - now - self._slack - self._interval
        return wait if wait > self._interval * 1e-6 else 0.0  # less is what floats have lost

    def give_back(self, key: str) -> None:
        """Undo a :meth:`take`."""
        if key in self._full_at:
            self._full_at[key] -= self._interval

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget(self, now: float) -> None:
        """Forget two keys that need not be remembered, so that there are ever fewer, and one too many."""
        for _ in range(min(2, len(self._full_at))):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= self._keys:
                return
            del self._full_at[oldest]
