"""What takes too long on a stream connection: silence, and a message that trickles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import ITransport

from protocols.framing import Decoder, FramingError
from protocols.message_pace import MessagePace
from protocols.session import Peer, Session
from protocols.stream_limits import LINGER
from protocols.stream_writer import StreamWriter

if TYPE_CHECKING:
    from protocols.stream import StreamFactory


class StreamTime:
    """The part of a stream connection that knows the time."""

    factory: StreamFactory
    peer: Peer
    transport: ITransport | None
    due: float | None
    _active_at: float
    _opened_at: float
    _blocked: bool
    _closing: bool
    _draining: bool
    _half_closed: bool
    _decoder: Decoder
    _pace: MessagePace | None
    _seconds: Callable[[], float]
    _session: Session | None
    _writer: StreamWriter
    abort: Callable[[], None]
    close: Callable[[], None]
    _end_input: Callable[[Exception | None], None]
    _end_if_drained: Callable[[], None]

    def _begin_message(self, size: int) -> None:
        """So many bytes have come, and no message is whole by them."""
        if self._draining:
            self._end_if_drained()
        elif self._decoder.partial:
            pace = self._pace = self._pace or MessagePace(self._active_at)
            if pace.is_too_slow(size, self._active_at, self.factory.message_time):
                self._end_input(FramingError("a message took too long to come"))

    @property
    def age(self) -> float:
        """Seconds since it was opened (see :class:`~protocols.open_connection.OpenConnection`)."""
        return self._seconds() - self._opened_at

    @property
    def idle(self) -> float:
        """Seconds since something moved; 0 while an answer is being made."""
        return 0.0 if getattr(self._session, "busy", False) else self._seconds() - self._active_at

    def time_out(self) -> None:
        """The timer of this connection has run down (see :class:`~protocols.stream_timers.Timed`)."""
        if self._half_closed:
            # An orderly close: what the kernel holds for the peer still reaches it.
            self.transport.loseConnection()  # type: ignore[union-attr]
            return
        if self._closing and not self._writer.waiting:
            self.abort()
            return
        if not self._closing and getattr(self._session, "busy", False):
            self._active_at = self._seconds()  # an answer is being made, which has a deadline of its own
        quiet = self._seconds() - self._active_at
        patience = self.factory.patience(silent=self._active_at == self._opened_at)
        if quiet < patience:
            self.factory.timers.start(self, patience - quiet)
            return
        self.factory.journal.idle(self.peer, patience)
        if self._blocked or self._closing:
            self.abort()  # what is still to be sent would never leave
        else:
            self.close()
            self.factory.timers.start(self, LINGER)
