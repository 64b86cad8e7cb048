"""What is to be done in a transaction besides publishing, and whoever waits for it."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.channels.unfinished import Unfinished

Job: TypeAlias = Callable[[sqlite3.Connection], Any]
"""What is done with the connection, in a transaction that is under way."""


class Order:
    """A job, and whoever waits for what it makes."""

    __slots__ = ("_told", "at", "job")

    def __init__(self, job: Job, told: Deferred[Any], at: float) -> None:
        self.job = job
        self.at = at
        self._told: Deferred[Any] | None = told

    @property
    def is_told(self) -> bool:
        """Whether nobody waits any more."""
        return self._told is None

    def ended(self, result: object) -> None:
        """It is done, and made `result`, or failed if that is a failure."""
        told, self._told = self._told, None
        if told is None:
            return
        if isinstance(result, Failure):
            told.errback(result)
        else:
            told.callback(result)

    def failed(self, error: Exception) -> None:
        """It is not done."""
        self.ended(Failure(error))


class Jobs(Unfinished[Order]):
    """Jobs that are not done yet, none for longer than `patience` seconds.

    One that nobody has begun with by then is given up, and is not done; of one that is under way nobody
    knows.
    """

    def __init__(self, clock: Any, *, patience: float) -> None:
        super().__init__(
            clock, patience=patience, slow="the store does not answer", unknown="it may have been done"
        )

    def __len__(self) -> int:
        """How many nobody has begun with."""
        return len(self._waiting)

    def add(self, job: Job) -> Deferred[Any]:
        """Have `job` wait; what it makes."""
        told: Deferred[Any] = Deferred()
        self._wait(Order(job, told, self._clock.seconds()))
        return told

    def begin(self) -> Sequence[Order]:
        """All that wait; whoever takes them says how each ends, and :meth:`finish` then."""
        begun = list(self._waiting)
        self._waiting.clear()
        self._begun.update(dict.fromkeys(begun))
        return begun

    def refuse(self, error: UnavailableError) -> None:
        """Nothing that waits will be done."""
        waiting, self._waiting = self._waiting, deque()
        for order in waiting:
            order.failed(type(error)(*error.args))

    def abandon(self, error: UnavailableError) -> None:
        """Nobody will say what became of those that are under way."""
        begun, self._begun = self._begun, {}
        for order in begun:
            order.failed(type(error)(*error.args))
