"""How one origin fares, and what its operator is told of that."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

from protocols.http.routes.proxy.errors import OriginError
from protocols.http.routes.proxy.limits import ProxyLimits

log = Logger(namespace="polyport")

WARN_EVERY: Final = 60.0
"""Seconds between two warnings of one kind: an origin that fails and answers in turn would fill the log at
the speed at which clients ask."""


class Health:
    """Counts the failures of `origin` in a row, and tells of them: once for each kind of failure until it
    answers again, and then of that.

    Of an origin that fails and answers in turn each kind is told of every :data:`WARN_EVERY` seconds, and how
    many there were; who wants to see each of them reads the log at debug.

    :param origin: what the log calls it.
    :param service: the service that it is an origin of.
    """

    def __init__(self, origin: object, service: str, limits: ProxyLimits) -> None:
        self._origin = origin
        self._service = service
        self._limits = limits
        self._in_a_row = 0
        self._out_until = 0.0
        self._failures = 0  # since the last warning
        self._told: set[str] = set()  # the kinds of failure that were told of since it answered
        self._told_at: dict[str, float] = {}
        self._told_since = 0.0

    def is_out(self, now: float) -> bool:
        """Whether it has failed too often of late."""
        return self._in_a_row >= self._limits.failures and now < self._out_until

    def succeeded(self, now: float) -> None:
        """It has answered."""
        self._in_a_row = 0
        if self._told:
            self._told.clear()
            log.info(
                "{service}: the origin {origin} answers again, {seconds:.0f} s after the first warning",
                service=self._service,
                origin=self._origin,
                seconds=now - self._told_since,
            )

    def failed(self, now: float, error: OriginError) -> None:
        """It has not answered, which counts against it."""
        self._in_a_row += 1
        if self._in_a_row >= self._limits.failures:
            self._out_until = now + self._limits.out
        self.troubled(now, error)

    def troubled(self, now: float, error: OriginError) -> None:
        """It has not answered in full, which may happen to the best."""
        self._failures += 1
        kind = error.kind
        is_due = now - self._told_at.get(kind, -WARN_EVERY) >= WARN_EVERY
        if kind in self._told or not is_due:
            log.debug(
                "{service}: the origin {origin} {kind}: {reason}",
                service=self._service,
                origin=self._origin,
                kind=kind,
                reason=error.reason,
            )
            return
        if not self._told:
            self._told_since = now
        self._told.add(kind)
        self._told_at[kind] = now
        more, self._failures = self._failures - 1, 0
        log.warn(
            "{service}: the origin {origin} {kind}: {reason}{more}",
            service=self._service,
            origin=self._origin,
            kind=kind,
            reason=error.reason,
            more=f" ({more} more failures since the last warning)" if more else "",
        )
