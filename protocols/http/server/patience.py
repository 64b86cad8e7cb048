"""When an HTTP/1 connection has had its time, by the clock or because its service ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from protocols.http.server.request_parser import BadRequestError
from protocols.http.server.times import Times
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.exchange import Exchange
    from protocols.http.server.factory import HTTPFactory
    from protocols.http.server.intake import Intake
    from protocols.http.server.tunnel import Tunnel

QUIET: Final = 1.0
"""Seconds without a request after which a connection is closed that is to end: longer than one takes to
come from a client that does not know yet."""


class Patience:
    """The part of an HTTP/1 connection that its factory speaks to."""

    asking: bool
    closing: bool
    factory: HTTPFactory
    peer: Peer
    transport: Any
    _close: Any
    _current: Exchange | None
    _fault: BadRequestError | None
    _intake: Intake
    _queue: Any
    _refuse_soon: Any
    _rest: bytes | None
    _times: Times
    _tunnel: Tunnel | None

    def retire(self) -> None:
        """The next response says that it is the last."""

    def drain(self) -> None:
        """Close if nothing is under way, else after the response."""
        if self._tunnel is not None:
            self._tunnel.drain()
        else:
            self._close_if_quiet(self.factory.clock.seconds())

    def _close_if_quiet(self, now: float) -> None:
        """Close, unless something is under way, or is likely to be: a client that has just been answered, or
        has just come, may be asking, and would not know what became of that."""
        busy = self.asking or self._current or self._queue or self.closing or self._intake.in_head
        if not busy and now - self._times.active_at >= QUIET:
            self._close()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.closing = True
        self.transport.abortConnection()

    def _may_be_late(self) -> bool:
        """Whether it is the client that the connection waits for."""
        incoming = self._intake.incoming
        return not (self._rest or self._times.blocked_at or (incoming is not None and incoming.expects))

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
