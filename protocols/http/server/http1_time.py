"""When an HTTP/1 connection has had its time, by the clock or because its service ends; and its age."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from protocols.http.server.exchange import Exchange
from protocols.http.server.intake import Intake
from protocols.http.server.request_parser import BadRequestError
from protocols.http.server.times import Times
from protocols.http.server.tunnel import Tunnel
from protocols.session import Peer
from protocols.wire_silence import silence

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory

QUIET: Final = 1.0
"""Seconds without a request after which a connection is closed that is to end: longer than one takes to
come from a client that does not know yet."""


class HTTP1Time:
    """The part of an HTTP/1 connection that knows the time."""

    asking: bool
    factory: HTTPFactory
    peer: Peer
    closing: bool
    transport: Any
    _close: Callable[[], None]
    _current: Exchange | None
    _fault: Any
    _intake: Intake
    _queue: Any
    _refuse_soon: Callable[[], None]
    _rest: bytes | None
    _times: Times
    _tunnel: Tunnel | None

    @property
    def age(self) -> float:
        """Seconds since it was opened (see :class:`~protocols.open_connection.OpenConnection`)."""
        return self.factory.clock.seconds() - self._times.opened_at

    @property
    def idle(self) -> float:
        """Seconds since the last request or response; 0 while a request is answered.  Of another protocol
        that the connection has changed to, what the kernel knows."""
        if self._tunnel is not None:
            return silence(self.transport)
        busy = self._current is not None or self._queue
        return 0.0 if busy else self.factory.clock.seconds() - self._times.active_at

    def check_time(self, now: float) -> None:
        """Give the connection up if something takes too long."""
        if self._tunnel is not None:
            return
        limits, times = self.factory.limits, self._times
        late = self._may_be_late() and times.is_late(now, self._intake.received, limits)
        if late and not self.closing:
            self._fault = BadRequestError(408, "The request took too long to come")
            self._refuse_soon()
        elif times.must_be_gone(now, limits):
            self.abort()
        elif self._current is None and not self.closing and times.is_idle(now, limits):
            self.factory.journal.idle(self.peer, limits.idle)
            self._close()
        elif self.factory.draining:
            self._close_if_quiet(now)

    def retire(self) -> None:
        """The next response says that it is the last."""

    def drain(self) -> None:
        """Close if nothing is under way, else after the response."""
        if self._tunnel is not None:
            self._tunnel.drain()
        else:
            self._close_if_quiet(self.factory.clock.seconds())

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.closing = True
        self.transport.abortConnection()

    def _close_if_quiet(self, now: float) -> None:
        """Close, unless something is under way, or is likely to be: a client that has just been answered, or
        has just come, may be asking, and would not know what became of that."""
        busy = self.asking or self._current or self._queue or self.closing or self._intake.in_head
        if not busy and now - self._times.active_at >= QUIET:
            self._close()

    def _may_be_late(self) -> bool:
        """Whether it is the client that the connection waits for."""
        incoming = self._intake.incoming
        blocked = self._times.blocked_at is not None
        return not (self._rest or blocked or (incoming is not None and incoming.expects))
