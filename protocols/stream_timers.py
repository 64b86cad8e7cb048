"""The timers of all connections of one factory, by one timer of the reactor."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

log = Logger(namespace="polyport")

SLACK = 64
"""Entries that nobody waits for any more, which are kept until there are more of them than of others."""


class Timed(Protocol):
    """What has one timer."""

    due: float | None
    """When, by the clock; ``None``: the timer is off.  Kept here."""

    def time_out(self) -> None:
        """Its time has come."""


class Timers:
    """Starts, restarts and stops a timer for each of many.

    A timer of the reactor's own costs five times the memory and the time, and most of these are never
    heard of again: they are stopped when a connection ends.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timed]] = []
        self._running = 0
        self._order = count()
        self._alarm: IDelayedCall | None = None
        self._alarm_at = 0.0

    def start(self, timed: Timed, seconds: float) -> None:
        """Call ``timed.time_out()`` in so many seconds, and not when it was to be called before; never, if
        they are infinite."""
        if seconds == inf:
            self.stop(timed)
            return
        if timed.due is None:
            self._running += 1
        timed.due = when = self._clock.seconds() + seconds
        heappush(self._heap, (when, next(self._order), timed))
        if self._alarm is None or when < self._alarm_at:
            self._set_alarm()
        self._tidy()

    def stop(self, timed: Timed) -> None:
        """Do not call it; nothing happens if it was off."""
        if timed.due is not None:
            timed.due = None
            self._running -= 1
            self._tidy()

    def _tidy(self) -> None:
        """Forget what nobody waits for, once that is most of what is kept."""
        if not self._running:
            self._heap.clear()
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
        elif len(self._heap) > 2 * self._running + SLACK:
            self._heap = [entry for entry in self._heap if entry[2].due == entry[0]]
            heapify(self._heap)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = self._heap[0][0]
        self._alarm = self._clock.callLater(max(0.0, self._alarm_at - self._clock.seconds()), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.seconds()
        while self._heap and self._heap[0][0] <= now:
            when, _, timed = heappop(self._heap)
            if timed.due == when:
                timed.due = None
                self._running -= 1
                try:
                    timed.time_out()
                except BaseException:  # noqa: BLE001 - the others have their timers too
                    log.failure("a timer failed")
        if self._heap and self._alarm is None:
            self._set_alarm()
        self._tidy()
