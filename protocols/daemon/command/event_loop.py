"""Running the reactor for one task of a command-line program."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ReactorNotRunning

if TYPE_CHECKING:
    from twisted.python.failure import Failure

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the program early; it exits with 128 and the signal's number, as shells report it."""


def run(start: Callable[[], Deferred[int]]) -> int:
    """Run the reactor until the Deferred of `start` fires, and return the exit status it gives.

    An error of `start` or of its Deferred is raised here.
    """
    from twisted.internet import reactor as installed
    from twisted.logger import globalLogBeginner

    from protocols.daemon.log import Threshold, observer

    reactor: Any = installed  # an interface of its own for each thing it can do

    status = 0
    failures: list[Failure] = []

    def stop() -> None:
        # Two reasons to stop may come together.
        with suppress(ReactorNotRunning):
            reactor.stop()

    def finished(result: int) -> None:
        nonlocal status
        status = result
        stop()

    def failed(failure: Failure) -> None:
        failures.append(failure)
        stop()

    def interrupted(number: int, frame: FrameType | None) -> None:
        nonlocal status
        status = 128 + number
        reactor.callFromThread(stop)

    # What fails without anybody noticing is shown; Twisted would keep the rest in memory for a log to come.
    globalLogBeginner.beginLoggingTo(
        [observer("text", Threshold("error"), sys.stderr)], redirectStandardIO=False
    )
    reactor.callWhenRunning(lambda: maybeDeferred(start).addCallbacks(finished, failed))
    before = {number: signal.signal(number, interrupted) for number in SIGNALS}
    try:
        reactor.run(installSignalHandlers=False)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if failures:
        failures[0].raiseException()
    return status
