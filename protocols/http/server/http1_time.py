"""What takes too long on an HTTP/1 connection, and how long it has been open and idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import ITransport

from protocols.http.server.exchange import Exchange
from protocols.http.server.intake import Intake
from protocols.http.server.request_parser import BadRequestError
from protocols.http.server.times import Times
from protocols.http.server.tunnel import Tunnel
from protocols.session import Peer
from protocols.wire_silence import silence

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory


class HTTP1Time:
    """The part of an HTTP/1 connection that knows the time."""

    factory: HTTPFactory
    peer: Peer
    closing: bool
    transport: ITransport | None
    abort: Callable[[], None]
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

    def _may_be_late(self) -> bool:
        """Whether it is the client that the connection waits for."""
        incoming = self._intake.incoming
        blocked = self._times.blocked_at is not None
        return not (self._rest or blocked or (incoming is not None and incoming.expects))
