"""What the operator hears of a store that cannot do what it is for, and when it is tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.channels.sqlite.trouble import TROUBLE, for_operator, unavailable

log = Logger(namespace="polyport")

REST: Final = 0.1
"""Seconds until it is tried again, the first time; twice as many each time after."""

LONGEST: Final = 5.0
"""Seconds until it is tried again, at most: so late publishers notice that a disk has room again."""


class Outage:
    """Tells once that `file` fails, and once that it does not any more.

    :param what: what cannot be done meanwhile, for the log.
    """

    def __init__(self, file: Path, what: str) -> None:
        self._file = file
        self._what = what
        self._began: float | None = None
        self._rest = 0.0
        self._until = 0.0
        self._error: UnavailableError | None = None

    @property
    def is_on(self) -> bool:
        """Whether it has failed the last time."""
        return self._began is not None

    @property
    def rest(self) -> float:
        """Seconds until it is tried again, after it has failed the last time."""
        return self._rest

    def failed(self, error: Exception, now: float) -> UnavailableError:
        """It failed at `now`, in seconds; what to say to those who have asked for it."""
        self._error = told = unavailable(error)
        if self._began is None:
            if not isinstance(error, TROUBLE):
                log.failure("{file}: {what}", failure=Failure(error), file=self._file, what=self._what)
            self._began = now
            self._rest = REST
            why = for_operator(error)
            log.error("{file}: {what}: {why}", file=self._file, what=self._what, why=why, error=error)
        else:
            self._rest = min(self._rest * 2, LONGEST)
        self._until = now + self._rest
        return told

    def succeeded(self, now: float) -> None:
        """It does not fail any more."""
        if self._began is not None:
            log.info(
                "{file}: over after {seconds:.1f} s: {what}",
                file=self._file,
                what=self._what,
                seconds=now - self._began,
            )
            self._began = None

    def refusal(self, now: float) -> UnavailableError | None:
        """What to say to those who ask for it before it is tried again."""
        if self._began is None or now >= self._until:
            return None
        return UnavailableError(str(self._error))
