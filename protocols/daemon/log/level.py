"""The least that is logged, which may change while the daemon runs."""

from __future__ import annotations

from constantly import NamedConstant
from twisted.logger import ILogFilterPredicate, LogEvent, LogLevel, PredicateResult
from zope.interface import implementer

from protocols.daemon.log_names import LEVELS
from protocols.journal import Journal


@implementer(ILogFilterPredicate)
class Threshold:
    """Lets pass what is of `level`, one of :data:`~protocols.daemon.log.LEVELS`, and above."""

    def __init__(self, level: str = "info") -> None:
        self._level = level
        self._rank = LEVELS.index(level)

    @property
    def level(self) -> str:
        return self._level

    def set(self, level: str) -> None:
        """From now on.  Raises :class:`ValueError` for a level that there is not."""
        if level not in LEVELS:
            raise ValueError(f"{level}: known values: {', '.join(LEVELS)}")
        self._level = level
        self._rank = LEVELS.index(level)

    def __call__(self, event: LogEvent) -> NamedConstant:
        level = event.get("log_level", LogLevel.info)
        passes = not isinstance(level, NamedConstant) or _RANKS.get(level, 0) >= self._rank
        return PredicateResult.maybe if passes else PredicateResult.no


_RANKS = {LogLevel.levelWithName(name): rank for rank, name in enumerate(LEVELS)}


class DaemonThreshold(Threshold):
    """That of the daemon: it also decides whether journals follow single connections."""

    def set(self, level: str) -> None:
        super().set(level)
        Journal.follows_connections = level == "debug"


threshold = DaemonThreshold()
"""That of this process."""
