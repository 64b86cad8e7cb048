"""The newest messages of a channel, in memory: what nearly all who read want."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from protocols.channels.message import Message

TAIL_MESSAGES: Final = 4096
"""Messages that are kept in memory: a reader may fall behind so far without reading the store."""

TAIL_BYTES: Final = 4 * 1024 * 1024
"""Bytes of bodies that are kept in memory, of each channel; but one message at least."""


class Tail:
    """The last messages of one channel, without a gap.

    .. attribute:: last

       The seq of the newest message there is, in memory or not.
    """

    def __init__(self, *, messages: int = TAIL_MESSAGES, octets: int = TAIL_BYTES) -> None:
        self.last = 0
        self._messages: deque[Message] = deque()
        self._octets = 0
        self._most_messages = messages
        self._most_octets = octets

    @property
    def first(self) -> int:
        """The seq of the oldest that is here; one above :attr:`last` if none is."""
        return self.last - len(self._messages) + 1

    def begin(self, last: int) -> None:
        """What is before is in the store: `last` is the seq of its newest message."""
        self._messages.clear()
        self._octets = 0
        self.last = last

    def add(self, messages: Sequence[Message]) -> None:
        """`messages` have come; they follow :attr:`last`."""
        if messages[0].seq != self.last + 1:
            raise ValueError(f"message {messages[0].seq} does not follow {self.last}")
        kept = self._messages
        kept.extend(messages)
        self._octets += sum([len(message.body) for message in messages])
        self.last = messages[-1].seq
        while len(kept) > self._most_messages or (self._octets > self._most_octets and len(kept) > 1):
            self._octets -= len(kept.popleft().body)

    def forget(self, through: int) -> None:
        """What is up to the seq `through` is no more."""
        kept = self._messages
        while kept and kept[0].seq <= through:
            self._octets -= len(kept.popleft().body)

    def after(self, position: int, most: int) -> list[Message] | None:
        """The next messages behind the seq `position`, up to `most`; ``None`` if some are not here."""
        begin = position + 1 - self.first
        if begin < 0:
            return None
        if begin >= len(self._messages):
            return []
        if begin > len(self._messages) // 2:
            # From the end: a deque is walked through from the nearer side by hand only.
            wanted = len(self._messages) - begin
            newest = list(islice(reversed(self._messages), wanted))
            newest.reverse()
            return newest[:most]
        return list(islice(self._messages, begin, begin + most))
