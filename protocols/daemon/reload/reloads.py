"""Reloads, one at a time, and what became of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.status import Outcome, ReloadStatus
from protocols.daemon.daemon import StartError
from protocols.daemon.problems import ConfigError

log = Logger(namespace="polyport")


class Reloads:
    """Does one reload after the other.

    :param attempt: does one; its Deferred gives a sentence about what was done, or fails with
        :class:`ConfigError` or :class:`StartError`, and then all is as before.

    .. attribute:: status

       Of all so far.
    """

    def __init__(self, attempt: Callable[[], Deferred[str]]) -> None:
        self.status = ReloadStatus()
        self._attempt = attempt
        self._busy = False
        self._waiting: list[Deferred[Outcome]] = []
        """For the one after the one that is under way, which reads what may have been written since."""
        self._watching: list[Deferred[None]] = []

    def ask(self) -> Deferred[Outcome]:
        """Reload as soon as none is under way; fires with what became of it, and never fails."""
        asked: Deferred[Outcome] = Deferred()
        self._waiting.append(asked)
        if len(self._waiting) == 1 and not self._busy:
            self._begin()
        return asked

    def settled(self) -> Deferred[None]:
        """Fires once none is under way: at once if that is so, else before another one begins."""
        settled: Deferred[None] = Deferred()
        if self._busy:
            self._watching.append(settled)
        else:
            settled.callback(None)
        return settled

    def _begin(self) -> None:
        self._busy = True
        waiting, self._waiting = self._waiting, []
        attempted: Deferred[str] = maybeDeferred(self._attempt)
        attempted.addBoth(self._outcome).addCallback(self._told, waiting)

    def _outcome(self, result: str | Failure) -> Outcome:
        if isinstance(result, str):
            log.info("reloaded: {text}", text=result)
            return Outcome(done=True, text=result)
        problems = tuple(problems_of(result))
        # One event, of which nothing is left out, however many there are.
        log.warn("not reloaded: {problems}", problems="\n".join(problems))
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        return Outcome(done=False, text=f"not reloaded, for {count}: nothing has changed", problems=problems)

    def _told(self, outcome: Outcome, waiting: list[Deferred[Outcome]]) -> None:
        self._busy = False
        before = self.status
        self.status = ReloadStatus(
            done=before.done + outcome.done,
            refused=before.refused + (not outcome.done),
            last=outcome,
            at=time.time(),
        )
        for each in waiting:
            each.callback(outcome)
        watching, self._watching = self._watching, []
        for settled in watching:
            settled.callback(None)
        if self._waiting and not self._busy:
            self._begin()


def problems_of(failure: Failure) -> list[str]:
    """Why a reload is not done, a sentence each; what nobody foresaw is logged."""
    error = failure.value
    if isinstance(error, ConfigError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, StartError):
        return [str(sentence) for sentence in error.args]
    log.failure("the reload has failed", failure=failure)
    return [f"{type(error).__name__}: {error}"]
