"""Ending a program that keeps others waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from protocols.handlers.program.process import Process


class Watchdog:
    """Calls `late` once `process` has kept somebody waiting for `seconds` at a time: for its output, or,
    once that is over, for its end.

    The time in which it waits itself does not count: for input that is still to come, for somebody to take
    its output.  Until :meth:`answered` what it writes bit by bit does not count as an answer.
    """

    def __init__(self, process: Process, seconds: float, clock: Any, late: Callable[[], None]) -> None:
        self._process = process
        self._seconds = seconds
        self._clock = clock
        self._late = late
        self._answered = False
        self._timer: IDelayedCall | None = clock.callLater(seconds, self._look)
        process.on_over.append(lambda _: self.stop())

    def answered(self) -> None:
        """From now on, each bit that it writes will do."""
        self._answered = True

    def stop(self) -> None:
        """It may take as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        since = self._awaited_since()
        left = self._seconds if since is None else since + self._seconds - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._look)
        else:
            self._timer = None
            self._late()

    def _awaited_since(self) -> float | None:
        """Since when somebody has been waiting for it; ``None`` if it waits itself."""
        process, stdin, stdout = self._process, self._process.stdin, self._process.stdout
        if not (stdout.is_awaited or stdout.over):
            return None
        since = process.started_at
        if stdin is not None:
            if not (stdin.closed or stdin.is_awaited):
                return None
            since = stdin.changed_at
        return max(since, stdout.changed_at) if self._answered or stdout.over else since
