"""How fast one message comes that has begun and is not whole."""

from __future__ import annotations

from protocols.stream_limits import MESSAGE_RATE


class MessagePace:
    """Counts the bytes of one message.

    :param now: when it began.
    """

    __slots__ = ("_begun_at", "_size")

    def __init__(self, now: float) -> None:
        self._begun_at = now
        self._size = 0

    def is_too_slow(self, more: int, now: float, patience: float) -> bool:
        """Whether `more` bytes came too late: after `patience`, and a second for each
        :data:`~protocols.stream_limits.MESSAGE_RATE` bytes; 0: never."""
        self._size += more
        return 0 < patience < now - self._begun_at - self._size / MESSAGE_RATE
