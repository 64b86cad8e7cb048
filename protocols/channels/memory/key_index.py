"""Which messages of a log have a key."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from protocols.channels.message import Message


class KeyIndex:
    """The seqs of the messages of one log by their keys, as far as anybody has asked for keys: whoever asks
    looks at what has come since the last time, and who only publishes pays nothing.

    .. attribute:: through

       The seq up to which it knows.
    """

    __slots__ = ("_seqs", "through")

    def __init__(self) -> None:
        self.through = 0
        self._seqs: dict[str, list[int]] = {}

    def add(self, messages: Sequence[Message]) -> None:
        """The next, which follow :attr:`through` but for what is forgotten."""
        seqs = self._seqs
        for message in messages:
            key = message[3]  # by its name it costs as much again
            if key:
                known = seqs.get(key)
                if known is None:
                    seqs[key] = [message[0]]
                else:
                    known.append(message[0])
        if messages:
            self.through = messages[-1].seq

    def after(self, key: str, position: int, most: int) -> list[int]:
        """The next seqs of `key` behind `position`, up to `most`."""
        seqs = self._seqs.get(key, [])
        begin = bisect_right(seqs, position)
        return seqs[begin : begin + most]

    def forget(self, messages: Sequence[Message]) -> None:
        """These are no more; they were the oldest."""
        if messages[0].seq > self.through:
            return
        last = messages[-1].seq
        for key in {message.key for message in messages if message.seq <= self.through}:
            seqs = self._seqs.get(key)
            if seqs is None:
                continue
            del seqs[: bisect_left(seqs, last + 1)]
            if not seqs:
                del self._seqs[key]
        self.through = max(self.through, last)
