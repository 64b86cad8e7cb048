"""Asking how the daemon is, with something to tell if no answer comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.operations import Ask, OperationError
from protocols.daemon.control.status import Status
from protocols.daemon.metrics.told import Told

log = Logger(namespace="polyport")

PATIENCE: Final = 3.0
"""Seconds until what was last known is told in the place of an answer: time enough for the first process to
give up a worker, and have the answers of the others.  Prometheus gives up after 10 s unless it is told
otherwise, and 5 s are common."""

AGAIN: Final = 30.0
"""Seconds after which a question that nobody has answered is asked anew; until then whoever asks waits for
the same answer, so that one who hangs finds no pile of questions."""


class Asker:
    """Asks, for any number of clients at a time.

    :param ask: whom.
    :param now: seconds since the epoch.
    """

    def __init__(self, ask: Ask, clock: IReactorTime, now: Callable[[], float] = time.time) -> None:
        self._ask = ask
        self._clock = clock
        self._now = now
        self._last = Told()
        self._question: Deferred[None] | None = None
        self._asked_at = 0.0
        self._waiting: dict[Deferred[Told], None] = {}
        self._fails = False

    def told(self) -> Deferred[Told]:
        """How the daemon is, in :data:`PATIENCE` at most; does not fail, but may be cancelled."""
        if self._question is not None and self._clock.seconds() - self._asked_at >= AGAIN:
            self._question.cancel()
        if self._question is None:
            self._put()
        if self._question is None:
            return succeed(self._last)
        waiting: Deferred[Told] = Deferred(self._forget)
        self._waiting[waiting] = None
        return waiting.addTimeout(PATIENCE, self._clock, self._late)

    def _put(self) -> None:
        self._asked_at = self._clock.seconds()
        question = self._question = maybeDeferred(lambda: self._ask().status()).addCallbacks(
            self._answered, self._failed
        )
        if question.called:
            self._question = None
        else:
            question.addCallback(self._tell)

    def _answered(self, status: Status) -> None:
        self._last = Told(status, self._now(), fresh=True)
        self._fails = False

    def _failed(self, failure: Failure) -> None:
        self._last = replace(self._last, fresh=False)
        if self._fails:
            return
        self._fails = True
        if failure.check(OperationError):
            log.warn("metrics: nothing new is known: {error}", error=failure.value)
        elif failure.check(CancelledError):
            log.warn("metrics: nothing new is known: no answer for {seconds:g} s", seconds=AGAIN)
        else:
            log.failure("metrics: nothing new is known", failure=failure)

    def _tell(self, result: None) -> None:
        self._question = None
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            one.callback(self._last)

    def _forget(self, waiting: Deferred[Told]) -> None:
        self._waiting.pop(waiting, None)

    def _late(self, failure: object, seconds: float) -> Told:
        return replace(self._last, fresh=False)
