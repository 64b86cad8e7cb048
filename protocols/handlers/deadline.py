"""A deadline for a user's code, whatever that code does about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from protocols.latency import PERIOD, Histogram
from protocols.session import ForeseenError

log = Logger(namespace="polyport")


class CallTimeoutError(ForeseenError):
    """A function did not answer in time."""


class Deadlines:
    """The deadlines of the calls of one function, of `seconds` each, by one timer.

    Calls that may all take the same time expire in the order they began, so the first is the only one to
    wait for; a timer for each would cost more than most calls.

    :param latency: where it is noted how long they took.
    """

    def __init__(self, seconds: float, clock: IReactorTime, latency: Histogram | None = None) -> None:
        self.seconds = seconds
        self._latency = latency
        self._clock = clock
        self._running: dict[Hashable, tuple[float, Callable[[], object], bool]] = {}
        self._measure_at = 0.0
        self._timer: IDelayedCall | None = None
        self._checking = False

    def begin(self, call: Hashable, expire: Callable[[], object]) -> None:
        """Call `expire` unless `call` ends in time."""
        now = self._clock.seconds()
        # Decided at the beginning: at the end, those that take long would have better chances, or worse.
        measured = now >= self._measure_at
        if measured:
            self._measure_at = now + PERIOD
        self._running[call] = now + self.seconds, expire, measured
        if self._timer is None and not self._checking:
            self._timer = self._clock.callLater(self.seconds, self._check)

    def end(self, call: Hashable) -> None:
        """`call` is over; nothing happens if it was already."""
        found = self._running.pop(call, None)
        if found is not None and found[2]:
            self._note(found[0])

    def stop(self) -> None:
        """Forget every call."""
        self._running.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = None
        self._checking = True  # what expires may begin other calls
        now = self._clock.seconds()
        left = 0.0
        while self._running and left <= 0:
            call = next(iter(self._running))
            when, expire, measured = self._running[call]
            left = when - now
            if left <= 0:
                del self._running[call]
                if measured:
                    self._note(when)
                try:
                    expire()
                except BaseException:  # noqa: BLE001 - the others have their deadlines too
                    log.failure("a call that took too long could not be cancelled")
        self._checking = False
        if self._running:
            self._timer = self._clock.callLater(left, self._check)

    def _note(self, deadline: float) -> None:
        """A call is over that had so long."""
        if self._latency is not None:
            self._latency.observe(self._clock.seconds() - (deadline - self.seconds))

    def limited(self, outcome: Deferred[Any], message: str) -> Deferred[Any]:
        """What `outcome` gives, or :class:`CallTimeoutError` with `message` once it has taken too long.

        `outcome` is cancelled then.  A coroutine may swallow that and go on; nobody waits for it any
        more, and what it gives in the end is dropped.  Cancelling the Deferred that is returned cancels
        `outcome` too.
        """
        own: Deferred[Any] = Deferred(lambda _: outcome.cancel())
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            try:
                # First: what hears of the timeout may go on to close what the outcome still uses.
                outcome.cancel()
            finally:
                if not own.called:
                    own.errback(CallTimeoutError(message))

        def settle(result: Any) -> None:
            self.end(outcome)
            if not (own.called or expired):
                own.callback(result)

        self.begin(outcome, expire)
        outcome.addBoth(settle)
        return own
