"""Asking the same again and again, for as long as somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.defer import TimeoutError as LateError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.operations import OperationError

T = TypeVar("T")

PATIENCE: Final = 5.0
"""Seconds that an answer may take: a process that needs longer to say how it is, is not well."""

log = Logger(namespace="polyport")


class Poll(Generic[T]):
    """Shares the answers to one question among all who follow; nobody asks while nobody does.

    :param ask: asks once.
    :param every: seconds from one answer to the next question.
    """

    def __init__(self, ask: Callable[[], Deferred[T]], clock: IReactorTime, every: float) -> None:
        self.latest: T | None = None
        """The last answer there was."""
        self.trouble = ""
        """Why the last question had no answer; empty if it had."""
        self._ask = ask
        self._clock = clock
        self._every = every
        self._at = 0.0
        self._asking = False
        self._timer: IDelayedCall | None = None
        self._followers: dict[object, Callable[[], object]] = {}
        self._waiting: list[Deferred[T]] = []

    def follow(self, heard: Callable[[], object]) -> Callable[[], None]:
        """Have `heard` called after each question, whatever became of it; and at once, if what is known is
        not old.

        :returns: what ends that.
        """
        token = object()
        self._followers[token] = heard
        left = self._at + self._every - self._clock.seconds()
        if self._timer is None and not self._asking and (self.latest is None or left <= 0):
            self._begin()
        else:
            if self._timer is None and not self._asking:
                self._timer = self._clock.callLater(left, self._begin)
            if self.latest is not None or self.trouble:
                heard()

        def leave() -> None:
            if self._followers.pop(token, None) is not None and not self._followers:
                self._rest()

        return leave

    def fresh(self) -> Deferred[T]:
        """An answer that is no older than that of those who follow.

        Fails with :class:`OperationError`, whose text says why there is none.
        """
        waiting: Deferred[T] = Deferred(self._forget)
        if self.latest is not None and not self.trouble and self._clock.seconds() - self._at < self._every:
            waiting.callback(self.latest)
            return waiting
        self._waiting.append(waiting)
        if not self._asking:
            self._rest()
            self._begin()
        return waiting

    def _begin(self) -> None:
        self._timer = None
        self._asking = True
        asked = maybeDeferred(self._ask)
        asked.addTimeout(PATIENCE, self._clock)
        asked.addCallbacks(self._answered, self._failed)

    def _answered(self, answer: T) -> None:
        self.latest, self.trouble = answer, ""
        self._at = self._clock.seconds()
        self._done(answer)

    def _failed(self, failure: Failure) -> None:
        trouble = _words(failure)
        if failure.check(OperationError, LateError, CancelledError) is None and trouble != self.trouble:
            # Once, for it will be asked again in a second.
            log.failure("the dashboard cannot find out how the daemon is", failure)
        self.trouble = trouble
        self._done(None)

    def _done(self, answer: T | None) -> None:
        self._asking = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if answer is None:
                one.errback(OperationError(self.trouble))
            else:
                one.callback(answer)
        for heard in list(self._followers.values()):
            try:
                heard()
            except Exception:  # noqa: BLE001 - who listens as well is not to suffer from it
                log.failure("the dashboard cannot show how the daemon is")
        if self._followers and self._timer is None and not self._asking:
            self._timer = self._clock.callLater(self._every, self._begin)

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _forget(self, waiting: Deferred[T]) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)


def _words(failure: Failure) -> str:
    if failure.check(OperationError):
        return failure.getErrorMessage()
    if failure.check(LateError, CancelledError):
        return f"the daemon has not said how it is for {PATIENCE:g} s"
    return "the daemon cannot say how it is; its log says why"
