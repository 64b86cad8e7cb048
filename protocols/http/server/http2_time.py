"""When an HTTP/2 connection has had its time, by the clock or because its service ends; and its age."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from h2.errors import ErrorCodes

from protocols.http.server.request_parser import BadRequestError

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory
    from protocols.http.server.http2_meter import FrameMeter
    from protocols.http.server.http2_state import ServerState
    from protocols.http.server.http2_stream import HTTP2Stream
    from protocols.session import Peer

GRACE: Final = 1.0
"""Seconds a client has to hear that it should ask for nothing more, if it does not say that it has."""


class HTTP2Time:
    """The part of an HTTP/2 connection that its factory speaks to."""

    blocked: bool
    factory: HTTPFactory
    now: Callable[[], float]
    peer: Peer
    transport: Any
    _active_at: float
    _blocked_at: float
    _checked_at: float
    _close_if_over: Callable[[], None]
    _close_time: float
    _closing: bool
    _closing_at: float
    _fail: Callable[[Exception], None]
    _leave: Callable[[], None]
    _leaving_at: float | None
    _meter: FrameMeter
    _opened_at: float
    _settle: Callable[[], None]
    _state: ServerState
    _streams: dict[int, HTTP2Stream]

    def retire(self) -> None:
        """Have the client ask elsewhere; what is under way goes on."""
        self._leave()

    @property
    def age(self) -> float:
        """Seconds since it was opened (see :class:`~protocols.open_connection.OpenConnection`)."""
        return self.now() - self._opened_at

    @property
    def idle(self) -> float:
        """Seconds since the last request was answered; 0 while one is."""
        return 0.0 if self._streams else self.now() - self._active_at

    def drain(self) -> None:
        """Answer what has been asked, and nothing more."""
        for stream in list(self._streams.values()):
            stream.drain()
        self._leave()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._closing = True
        self.transport.abortConnection()

    def check_time(self, now: float) -> None:
        """Give up what takes too long."""
        elapsed, self._checked_at = now - self._checked_at, now
        limits = self.factory.limits
        header_since = self._meter.header_since
        if self._closing:
            if now - self._closing_at >= self._close_time:
                self.abort()
        elif self.blocked:
            if 0 < limits.idle <= now - self._blocked_at:
                self.factory.journal.idle(self.peer, limits.idle)
                self.abort()
        elif header_since is not None and now - header_since >= limits.header_time:
            self._state.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self._fail(BadRequestError(408, "The header took too long to come"))
        else:
            for stream in list(self._streams.values()):
                stream.check_time(now, elapsed)
            self._check_idle(now)

    def _check_idle(self, now: float) -> None:
        idle = self.factory.limits.idle
        if self._leaving_at is not None:
            if now - self._leaving_at >= GRACE:
                self._settle()
                self._close_if_over()
        elif not self._streams and 0 < idle <= now - self._active_at:
            self.factory.journal.idle(self.peer, idle)
            self._leave()
