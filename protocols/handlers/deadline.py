"""A deadline for a user's code, whatever that code does about it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime


class CallTimeoutError(Exception):
    """A function did not answer in time."""


def limited(outcome: Deferred[Any], seconds: float, clock: IReactorTime, message: str) -> Deferred[Any]:
    """What `outcome` gives, or :class:`CallTimeoutError` with `message` after `seconds`.

    `outcome` is cancelled then.  A coroutine may swallow that and go on; nobody waits for it any more, and
    what it gives in the end is dropped.  Cancelling the Deferred that is returned cancels `outcome` too.
    """
    own: Deferred[Any] = Deferred(lambda _: outcome.cancel())
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        # First: what hears of the timeout may go on to close what the outcome still uses.
        outcome.cancel()
        if not own.called:
            own.errback(CallTimeoutError(message))

    timer = clock.callLater(seconds, expire)

    def settle(result: Any) -> None:
        if timer.active():
            timer.cancel()
        if not (own.called or expired):
            own.callback(result)

    outcome.addBoth(settle)
    return own
