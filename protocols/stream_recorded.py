"""A stream connection of which a record is made: what others do not pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from protocols.connection_record import ConnectionRecord, Tell
from protocols.framing import FramingError
from protocols.stream_duplex import DuplexStreamConnection

if TYPE_CHECKING:
    from protocols.stream import StreamFactory


class RecordedStreamConnection(DuplexStreamConnection):
    """Counts what passes, and tells of it at its end.

    :param tell: hears of it.
    """

    def __init__(self, factory: StreamFactory, tell: Tell) -> None:
        super().__init__(factory)
        self._record = tell
        self._messages = self._received = self._sent = 0

    def handshakeCompleted(self) -> None:
        feed, write = self._feed, self._write

        def counted_feed(data: bytes) -> list[bytes]:
            self._received += len(data)
            try:
                messages = feed(data)
            except FramingError as fault:
                self._messages += len(fault.messages)
                raise
            self._messages += len(messages)
            return messages

        def counted_write(data: bytes) -> None:
            self._sent += len(data)
            write(data)

        self._feed, self._write = counted_feed, counted_write
        super().handshakeCompleted()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        duration = self._seconds() - self._opened_at
        error = self._end_error
        super().connectionLost(reason)
        # Not what they hold on to: each other, and this.
        del self._feed, self._write
        why = "" if reason.check(ConnectionDone) else str(reason.value)
        self._record(
            ConnectionRecord(
                self.peer, duration, self._messages, self._received, self._sent, str(error) if error else why
            )
        )
