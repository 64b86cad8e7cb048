"""When things happened on a connection, for whoever decides that something takes too long."""

from __future__ import annotations

from math import inf

from protocols.http.limits import Limits

LINGER = 2.0
"""Seconds a client may go on sending after the last response, so that it can read that (RFC 9112,
section 9.6: closing a socket with unread input makes the kernel reset it)."""

CLOSING = 60.0
"""Seconds a client gets to read the last response where idleness has no limit."""


class Times:
    """Moments of one connection, in seconds of the reactor's clock; ``None``: it is not so now."""

    __slots__ = ("active_at", "begun_at", "blocked_at", "closing_at", "lingers_at", "opened_at", "paused_at")

    def __init__(self, now: float) -> None:
        self.opened_at = self.active_at = now
        """The last request or response; until there is one, the beginning."""
        self.begun_at: float | None = None
        """The first byte of the request that is coming in."""
        self.blocked_at: float | None = None
        """The client stopped reading."""
        self.paused_at: float | None = None
        """We stopped reading."""
        self.closing_at: float | None = None
        """The last response was written."""
        self.lingers_at: float | None = None
        """The last response has left, and the client may still be sending."""

    def lingers(self, now: float) -> None:
        """The last response has left."""
        self.lingers_at = now

    def must_be_gone(self, now: float, limits: Limits) -> bool:
        """Whether a connection that is closing, or whose client does not read, has had its time."""
        if self.closing_at is None:
            return self.blocked_at is not None and 0 < limits.idle <= now - self.blocked_at
        if self.lingers_at is not None:
            return now - self.lingers_at >= LINGER
        return now - self.closing_at >= (limits.idle or CLOSING)

    def resumed(self, now: float) -> None:
        """We read again: the time the client could not send in is not its fault."""
        if self.paused_at is not None and self.begun_at is not None:
            self.begun_at += now - self.paused_at
        self.paused_at = None

    def is_late(self, now: float, received: int, limits: Limits) -> bool:
        """Whether the request that is coming in, `received` bytes of content so far, is too slow."""
        if self.begun_at is None or self.paused_at is not None:
            return False
        return now - self.begun_at >= limits.header_time + received / limits.body_rate

    def is_idle(self, now: float, limits: Limits) -> bool:
        """Whether nothing has been asked for too long."""
        if self.begun_at is not None:
            return False
        idle = limits.idle or inf
        patience = min(idle, limits.first_byte or inf) if self.active_at == self.opened_at else idle
        return now - self.active_at >= patience
