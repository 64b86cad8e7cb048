"""The clock of one WebSocket: signs of life, and ends that do not come by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from protocols.http.websocket.codes import GOING_AWAY

if TYPE_CHECKING:
    from protocols.http.websocket.endpoint import Endpoint
    from protocols.http.websocket.protocol import WebSocketProtocol

LINGER: Final = 2.0
"""Seconds a peer may go on sending after the connection was closed on it, so that it can read why."""

CLOSE_NOTIFY: Final = 10.0
"""Seconds until the last of what was sent has left, and a TLS peer has said that it closes too."""


class Watch:
    """One timer (see :class:`~protocols.stream_timers.Timed`) for everything that may take too long.

    Bytes that come set no timer: when it runs down, it is seen what has happened meanwhile.
    """

    __slots__ = (
        "_asked_at",
        "_closing_at",
        "_endpoint",
        "_heard_at",
        "_moved_at",
        "_seconds",
        "_socket",
        "due",
    )

    def __init__(self, socket: WebSocketProtocol, endpoint: Endpoint) -> None:
        self.due: float | None = None
        self._socket = socket
        self._endpoint = endpoint
        self._seconds = endpoint.clock.seconds
        self._heard_at = self._moved_at = self._seconds()
        self._asked_at: float | None = None  # for a sign of life
        self._closing_at: float | None = None  # since when a Close is owed

    def heard(self) -> None:
        """The peer has sent something: any byte is a sign of life."""
        self._heard_at = self._moved_at = self._seconds()
        self._asked_at = None

    def sent(self) -> None:
        """Something has been sent."""
        self._moved_at = self._seconds()

    def changed(self) -> None:
        """The peer reads again, or does so no more; or we do."""
        now = self._seconds()
        self._heard_at = self._moved_at = now  # what it said while it was not read from was not heard
        self._asked_at = None
        if self._closing_at is not None:
            self._closing_at = now  # the Close has only left now
        self.set()

    def expect_close(self) -> None:
        """From now on a Close is owed: the peer's, or ours."""
        self._closing_at = self._seconds()
        self.set()

    def finish(self) -> None:
        """The connection closes once everything is sent."""
        idle = self._endpoint.settings.idle
        self._start((idle or None) if self._socket.blocked else CLOSE_NOTIFY)

    def linger(self) -> None:
        """Everything is sent; the peer has a moment to read it."""
        self._start(LINGER)

    def stop(self) -> None:
        """The connection is gone."""
        self._endpoint.timers.stop(self)

    def set(self) -> None:
        """Set the timer for what will have taken too long first, as it looks now."""
        if not self._socket.shut:
            due = self._next()
            self._start(None if due is None else max(due[0] - self._seconds(), 0.0))

    def time_out(self) -> None:
        """The timer has run down."""
        if self._socket.shut:
            self._socket.leave()
            return
        due = self._next()
        if due is not None and due[0] <= self._seconds():
            due[1]()
        self.set()

    def _start(self, seconds: float | None) -> None:
        if seconds is None:
            self._endpoint.timers.stop(self)
        else:
            self._endpoint.timers.start(self, seconds)

    def _next(self) -> tuple[float, Callable[[], None]] | None:
        """When something will have taken too long, and what is done then."""
        settings, socket = self._endpoint.settings, self._socket
        if not socket.blocked:
            if self._closing_at is not None:
                return self._closing_at + settings.close_timeout, self._unanswered
            if not socket.reading:
                return None
            if self._asked_at is not None:
                return self._asked_at + settings.pong_timeout, socket.give_up
            if settings.ping:
                return self._heard_at + settings.ping, self._ask
        return (self._moved_at + settings.idle, self._idle) if settings.idle else None

    def _ask(self) -> None:
        self._asked_at = self._seconds()
        self._socket.ping()

    def _unanswered(self) -> None:
        if self._socket.close_sent is None:
            self._socket.close()  # the peer has waited long enough
        else:
            self._socket.finish()

    def _idle(self) -> None:
        socket = self._socket
        if not socket.blocked and socket.listener.busy:
            self._moved_at = self._seconds()  # an answer is being made, which has a deadline of its own
            return
        self._endpoint.journal.idle(socket.peer, self._endpoint.settings.idle)
        if socket.blocked:
            socket.abort()  # what is still to be sent would never leave
        else:
            socket.close(GOING_AWAY, "nothing was said")
