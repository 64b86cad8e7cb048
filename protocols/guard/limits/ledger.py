"""Who has how many connections of a service, and whether there may be one more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from protocols.guard.limits.penalties import Penalties
from protocols.guard.limits.source_limits import SourceLimits
from protocols.guard.limits.tally import ALONE, Tally

Cause: TypeAlias = Literal["per_source", "connection_rate", "penalty"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a connection may be served."""

    cause: Cause | None = None
    """What stands against it; ``None``: it is admitted, and counted."""
    wait: float | None = 0.0
    """Seconds after which to ask again; ``None``: when another of its source has gone; 0: do not ask."""


ADMITTED: Final = Verdict()

LOOK_AGAIN: Final = 0.25
"""Seconds after which to ask again where what has to go may be in another process, which tells nobody."""


class Ledger:
    """Counts the connections of one service, by source.

    A source may have ``per_source`` of them, and never more than there is room for others: as the service
    fills up, the largest shares stop growing first, so that there is a place for newcomers however many
    sources take what they can get (a dynamic threshold: A. Choudhury and E. Hahne, "Dynamic queue length
    thresholds for shared-memory packet switches", 1998).

    :param penalties: which sources are shut out.
    :param open_connections: how many the service has, of sources that are exempt too.
    :param tally: keeps count of what others have to know, too.
    """

    def __init__(
        self,
        limits: SourceLimits,
        penalties: Penalties,
        open_connections: Callable[[], int],
        tally: Tally = ALONE,
    ) -> None:
        self.limits = limits
        self._penalties = penalties
        self._open = open_connections
        self._by_source: dict[str, int] = {}
        self._admitted = 0
        self._elsewhere = tally.elsewhere
        burst = max(limits.per_source, int(limits.connection_rate))
        self._arrivals = tally.buckets("connection_rate", limits.connection_rate, burst)

    def admit(self, source: str, now: float) -> Verdict:
        """Whether `source` may have one more; it is counted if so."""
        if self._penalties.until(source, now) is not None:
            return Verdict("penalty")
        if self.connections_of(source) >= self.share:
            return self._over("per_source", None if self._elsewhere is None else LOOK_AGAIN)
        wait = self._arrivals.take(source, now)
        if wait:
            return self._over("connection_rate", wait)
        self._by_source[source] = self._by_source.get(source, 0) + 1
        self._admitted += 1
        if self._elsewhere is not None:
            self._elsewhere.count(source, 1)
        return ADMITTED

    def leave(self, source: str) -> None:
        """A connection that was admitted is gone."""
        if self._elsewhere is not None:
            self._elsewhere.count(source, -1)
        self._admitted -= 1
        left = self._by_source[source] - 1
        if left:
            self._by_source[source] = left
        else:
            del self._by_source[source]

    def connections_of(self, source: str) -> int:
        """How many `source` has, in other processes too."""
        own = self._by_source.get(source, 0)
        return own if self._elsewhere is None else own + self._elsewhere.of(source)

    @property
    def room(self) -> int:
        """How many more the service can have.  It does not know of those that shake hands."""
        here = max(self._open(), self._admitted)
        return self.limits.connections - (here if self._elsewhere is None else here + self._elsewhere.total())

    @property
    def share(self) -> int:
        """How many one source may have just now."""
        return min(self.limits.per_source, max(1, self.room))

    def _over(self, cause: Cause, wait: float | None) -> Verdict:
        return Verdict(cause, wait if self.limits.over == "wait" else 0.0)
