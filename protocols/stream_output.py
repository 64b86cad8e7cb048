"""What leaves by a stream connection: gathered while a read is being answered, and else at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from protocols.framing import encoded
from protocols.session import Peer
from protocols.stream_limits import CORK_LIMIT

if TYPE_CHECKING:
    from protocols.stream import StreamFactory


class StreamOutput:
    """The part of a stream connection that sends."""

    factory: StreamFactory
    peer: Peer
    _active_at: float
    _closing: bool
    _corked: bool
    _encode: Callable[[bytes], bytes]
    _encode_all: Callable[[Sequence[bytes]], bytes]
    _gathered: bytearray
    _replies: list[bytes]
    _seconds: Callable[[], float]
    _write: Callable[[bytes], None]
    fail: Callable[[BaseException], None]

    def send(self, message: bytes) -> None:
        """Send one message (see :class:`~protocols.session.Connection`)."""
        tap = self.factory.tap
        if tap.watched and not self._closing:
            # A session that answers most messages at once answers the last that came.
            tap.passed(self.peer, "out", message, tap.took(self.peer) if self._corked else None)
        if self._corked:
            if self._replies:
                self._gather()
            self._gathered += self._encode(message)
            if len(self._gathered) > CORK_LIMIT:
                self._flush()
        elif not self._closing:
            self._active_at = self._seconds()
            self._write(self._encode(message))

    def send_many(self, messages: Sequence[bytes]) -> None:
        """Send `messages` (see :class:`~protocols.session.ManyConnection`)."""
        factory = self.factory
        data = factory.encoded(messages)
        if factory.tap.watched and not self._closing:
            for message in messages:
                factory.tap.passed(self.peer, "out", message)
        if self._corked:
            if self._replies:
                self._gather()
            self._gathered += data
            if len(self._gathered) > CORK_LIMIT:
                self._flush()
        elif not self._closing:
            self._active_at = self._seconds()
            self._write(data)

    def _gather(self) -> None:
        """Encode the replies of a batch behind what is gathered."""
        replies = tuple(self._replies)
        self._replies.clear()  # in place: the session may be adding to it
        data, failure = encoded(self.factory.framing, replies)
        self._gathered += data
        if failure is not None:
            self.fail(failure)

    def _uncork(self) -> None:
        replies = self._replies
        if replies and not self._gathered and not self._closing:
            # The usual case: everything that was said is the replies of one batch.
            try:
                data = self._encode(replies[0]) if len(replies) == 1 else self._encode_all(replies)
            except ValueError:
                self._gather()
            else:
                self._corked = False
                replies.clear()
                self._write(data)
                return
        self._flush()
        self._corked = False

    def _flush(self) -> None:
        if self._replies:
            self._gather()
        data = bytes(self._gathered)
        self._gathered.clear()
        if data and not self._closing:
            self._write(data)
