"""Signs of life, as often as the watchdog of systemd wants them (sd_watchdog_enabled(3))."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall

PERIOD: Final = "WATCHDOG_USEC"
PROCESS: Final = "WATCHDOG_PID"


def watchdog_period(environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds without a sign of life of this process after which systemd ends it; ``None``: never."""
    period, process = environment.get(PERIOD, ""), environment.get(PROCESS, "")
    if not (period.isascii() and period.isdecimal() and int(period)):
        return None
    if process and process != str(os.getpid()):
        return None
    return int(period) / 1e6


def inherit_watchdog(environment: MutableMapping[str, str]) -> None:
    """Make `environment` that of a process which takes over as the one that systemd watches."""
    environment.pop(PROCESS, None)


class Watchdog:
    """Gives signs of life as long as the reactor gets round, at half the time that systemd allows.

    :param tell: what gives one, :meth:`~protocols.daemon.systemd.Notifier.alive`.
    :param period: see :func:`watchdog_period`; ``None``: nobody wants any.
    """

    def __init__(self, tell: Callable[[], None], clock: Any, period: float | None) -> None:
        self._tell = tell
        self._clock = clock
        self._every = None if period is None else period / 2
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to give signs by a timer of the reactor, which no reactor keeps that is stuck."""
        if self._every is not None and self._call is None:
            self._tick()

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _tick(self) -> None:
        assert self._every is not None
        self._tell()
        self._call = self._clock.callLater(self._every, self._tick)
