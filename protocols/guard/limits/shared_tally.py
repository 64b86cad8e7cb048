"""Counts that several processes keep together, so that a limit is one limit however many of them serve.

Connections are counted by each process in cells of its own, and what others have is the sum of theirs.  What
is taken from buckets, and what is held against a source, is a moment: when the bucket is full again, when the
score is forgotten.  Those are in cells that all write to, since a moment fades by itself: a process that dies
leaves nothing behind that would have to be undone.

There are no locks.  Of two processes that charge one source within the same half of a microsecond one may
count for both: at 20,000 charges a second that is one in a hundred.  Nothing is added up, so no error stays.

What several sources share of a cell makes them look worse than they are only where every cell of a source
belongs to others as well that are over their limits themselves.  With 100,000 sources, three limits for each,
and one in a hundred of those used up, that is one source in 30 billion (see :mod:`.sketch`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from math import log2
from typing import Final

from protocols.guard.limits.acquaintances import KNOWN_FOR, Acquaintances
from protocols.guard.limits.penalties import HALF_LIFE, THRESHOLD, Penalties
from protocols.guard.limits.shared_memory import SLOTS, SharedMemory
from protocols.guard.limits.sketch import Cells, Sketch

Seconds = Callable[[], float]
"""The time, the same in all processes, and far enough from 0, which is a moment that was never put off."""

SINCE: Final = 3600.0
"""Seconds that the time is ahead of how long the machine has run: a score is forgotten in far less."""


def since_boot() -> float:
    """The time by a clock that nobody sets (CLOCK_MONOTONIC of clock_gettime(2)), which reactors' clocks may
    not be."""
    return time.monotonic() + SINCE


class SharedTallies:
    """Keeps count in `memory`, as the process `index` of those that do."""

    def __init__(self, memory: SharedMemory, index: int, seconds: Seconds = since_boot) -> None:
        self.memory = memory
        self.index = index
        self._seconds = seconds

    def of(self, service: str) -> SharedTally:
        """For one service (Tallies)."""
        return SharedTally(self, service)

    def penalties(self) -> SharedPenalties:
        """The same for all processes (Tallies)."""
        return SharedPenalties(self.moments("penalties"))

    def acquaintances(self) -> SharedAcquaintances:
        """The same for all processes (Tallies)."""
        return SharedAcquaintances(self.memory, self._seconds)

    def moments(self, name: str) -> SharedMoments:
        """Those of one name."""
        return SharedMoments(self.memory, name, self._seconds)


class SharedTally:
    """Keeps count for one service."""

    def __init__(self, tallies: SharedTallies, service: str) -> None:
        self.elsewhere = SharedConnections(tallies.memory, tallies.index, service)
        self._moments = tallies.moments
        self._service = service

    def buckets(self, limit: str, rate: float, burst: int) -> SharedBuckets:
        """The same for all processes (Tally)."""
        return SharedBuckets(self._moments(f"{limit} {self._service}"), rate, burst)


class SharedConnections:
    """The connections of one service, by source, as they are counted by several processes."""

    def __init__(self, memory: SharedMemory, index: int, service: str) -> None:
        self._own = memory.counts[index]
        self._others = [counts for i, counts in enumerate(memory.counts) if i != index]
        self._sketch = Sketch(memory.secret, f"connections {service}")
        self._all = self._sketch.cells("")

    def of(self, source: str) -> int:
        """How many `source` has in the others."""
        return self._least(self._sketch.cells(source))

    def total(self) -> int:
        """How many all sources have in the others."""
        return self._least(self._all)

    def count(self, source: str, change: int) -> None:
        """`source` has so many more here."""
        own = self._own
        for cell in (*self._sketch.cells(source), *self._all):
            own[cell] += change

    def _least(self, cells: Cells) -> int:
        others = self._others
        return min(sum(counts[cell] for counts in others) for cell in cells)


class SharedMoments:
    """A moment for each key, which may be put off, and lies in the past unless it was."""

    def __init__(self, memory: SharedMemory, name: str, seconds: Seconds) -> None:
        self.seconds = seconds
        self._cells = memory.moments
        self._sketch = Sketch(memory.secret, name)

    def of(self, key: str) -> float:
        """The moment of `key`."""
        cells = self._cells
        a, b, c, d = self._sketch.cells(key)
        return min(cells[a], cells[b], cells[c], cells[d])

    def put_off(self, key: str, moment: float) -> None:
        """It is not before `moment`.  Cells that say a later one already are left to whose it is."""
        cells = self._cells
        for cell in self._sketch.cells(key):
            if cells[cell] < moment:
                cells[cell] = moment

    def bring_forward(self, key: str, seconds: float) -> None:
        """It is so much sooner.  Cells that say a later one belong to others."""
        cells, moment = self._cells, self.of(key)
        for cell in self._sketch.cells(key):
            if cells[cell] == moment:
                cells[cell] = max(0.0, moment - seconds)

    def forget(self, key: str) -> None:
        """It is past; that of others may be too, who happen to have one of its cells."""
        for cell in self._sketch.cells(key):
            self._cells[cell] = 0.0


class SharedBuckets:
    """As :class:`~protocols.token_buckets.TokenBuckets`; what is kept of a key is when its bucket is full."""

    def __init__(self, moments: SharedMoments, rate: float, burst: int) -> None:
        self._moments = moments
        self._interval = 1 / rate
        self._slack = (burst - 1) * self._interval

    def take(self, key: str, now: float) -> float:
        """Take a token of `key`: 0 if there was one, else the seconds until there is."""
        moment = self._moments.seconds()
        full_at = max(self._moments.of(key), moment)
        wait = full_at - moment - self._slack
        if wait > self._interval * 1e-6:  # less is what floats have lost
            return wait
        self._moments.put_off(key, full_at + self._interval)
        return 0.0

    def charge(self, key: str, amount: float, now: float) -> float:
        """Take `amount` tokens, whether they are there or not: seconds for which to take no more."""
        moment = self._moments.seconds()
        full_at = max(self._moments.of(key), moment) + amount * self._interval
        if amount:
            self._moments.put_off(key, full_at)
        wait = full_at - moment - self._slack - self._interval
        return wait if wait > self._interval * 1e-6 else 0.0

    def give_back(self, key: str) -> None:
        """Undo a :meth:`take`."""
        self._moments.bring_forward(key, self._interval)


class SharedPenalties(Penalties):
    """The same scores in all processes.

    A score that halves in a fixed time is a moment too: that at which it is 1.  Each process knows the names
    of those that it has punished itself, and can list no others.
    """

    def __init__(
        self, moments: SharedMoments, *, threshold: float = THRESHOLD, half_life: float = HALF_LIFE
    ) -> None:
        super().__init__(threshold=threshold, half_life=half_life)
        self._moments = moments

    def score(self, source: str, now: float) -> float:
        """The points of `source`."""
        score_is_one = self._moments.of(source)
        if not score_is_one:
            return 0.0
        return float(2.0 ** ((score_is_one - self._moments.seconds()) / self._half_life))

    def until(self, source: str, now: float) -> float | None:
        """Until when `source` is shut out; ``None``: it is not."""
        moments = self._moments
        free_after = moments.seconds() + self._half_life * log2(self._threshold)
        if moments.of(ANYBODY) < free_after:
            return None
        score_is_one = moments.of(source)
        return None if score_is_one < free_after else now + score_is_one - free_after

    def forgive(self, source: str) -> bool:
        """Forget what `source` has done, here or elsewhere; whether there was anything."""
        had = self.score(source, 0.0) > 0.0
        self._scores.pop(source, None)
        self._moments.forget(source)
        return had

    def forgive_all(self) -> None:
        """Forget what anybody has done here; the others do so for what was done there."""
        for source in (*self._scores, ANYBODY):
            self._moments.forget(source)
        self._scores.clear()

    def _remember(self, source: str, score: float, now: float) -> None:
        """`source` has `score` points now, in all processes."""
        moment = self._moments.seconds() + self._half_life * log2(score)
        self._moments.put_off(source, moment)
        self._moments.put_off(ANYBODY, moment)
        super()._remember(source, score, now)


ANYBODY: Final = ""
"""The source that was punished as much as the one that was punished most: while it is free, all are."""


class SharedAcquaintances(Acquaintances):
    """The same in all processes.

    Who forges addresses must not be taken for somebody else, so there is no sketch here: a source is known by
    40 bits of its own, beside the second in which it was seen.
    """

    def __init__(self, memory: SharedMemory, seconds: Seconds) -> None:
        super().__init__()
        self._slots = memory.seen
        self._secret = memory.secret
        self._moment = seconds

    def met(self, source: str, now: float) -> None:
        """`source` has a connection."""
        slot, name = self._place(source)
        self._slots[slot] = name | int(self._moment()) % WRAPS

    def knows(self, source: str, now: float) -> bool:
        """Whether `source` has had one within :data:`~.acquaintances.KNOWN_FOR`."""
        slot, name = self._place(source)
        there = self._slots[slot]
        return there - there % WRAPS == name and (int(self._moment()) - there) % WRAPS < KNOWN_FOR

    def _place(self, source: str) -> tuple[int, int]:
        digest = blake2b(source.encode(), digest_size=8, key=self._secret).digest()
        number = int.from_bytes(digest, "little")
        # 0 is what nobody's slot holds.
        return number % SLOTS, (number // WRAPS or 1) * WRAPS


WRAPS: Final = 2**24
"""Seconds, about half a year, after which those that are kept begin again."""
