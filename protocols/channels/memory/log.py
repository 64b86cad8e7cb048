"""The messages themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

from protocols.channels.memory.group import MemoryGroup
from protocols.channels.memory.key_index import KeyIndex
from protocols.channels.message import Entry, Message, Receipt

OVERHEAD: Final = 200
"""Bytes that a message takes in memory besides its body, as ``sys.getsizeof`` has it."""

GONE: Final = 1024
"""Messages that are forgotten before the list is made shorter, which moves all that are left."""

_new = tuple.__new__  # what a named tuple does to be made, without its names


class MemoryLog:
    """Messages in order, for as long as the process lives; several stores may share it, as a channel that is
    configured anew does with the one before.

    .. attribute:: last

       The seq of the newest there ever was.

    .. attribute:: octets

       About how many bytes they take.

    .. attribute:: groups

       How far each group has come, by name.

    .. attribute:: listeners

       What hears of each message.
    """

    def __init__(self) -> None:
        self.last = 0
        self.octets = 0
        self.groups: dict[str, MemoryGroup] = {}
        self.listeners: list[Callable[[Sequence[Message]], object]] = []
        self._messages: list[Message] = []
        self._gone = 0  # so many at the beginning of the list are forgotten
        self._ids: dict[str, int] = {}
        self._keys = KeyIndex()
        self._time = 0  # of the newest

    def __len__(self) -> int:
        return len(self._messages) - self._gone

    @property
    def first(self) -> int:
        """The seq of the oldest; one above :attr:`last` if there is none."""
        return self.last - len(self) + 1

    def append(self, entries: Sequence[Entry], time: int) -> list[Receipt]:
        """Add `entries` as of `time`, in milliseconds since the epoch, and have everybody hear of them."""
        receipts: list[Receipt] = []
        new: list[Message] = []
        seq = self.last
        if time < self._time:
            time = self._time
        self._time = time
        octets = 0
        for entry in entries:
            if name := entry.id:
                known = self._ids.get(name)
                if known is not None:
                    receipts.append(Receipt(known, False))
                    continue
                self._ids[name] = seq + 1
            seq += 1
            octets += len(entry.body)
            new.append(_new(Message, (seq, time) + entry))  # noqa: RUF005 - half the time
            receipts.append(_new(Receipt, (seq, True)))
        self.octets += octets + OVERHEAD * len(new)
        self._messages += new
        self.last = seq
        if new:
            for listener in tuple(self.listeners):
                listener(new)
        return receipts

    def after(self, position: int, most: int) -> list[Message]:
        """The next behind the seq `position`, up to `most`."""
        begin = self._gone + max(0, position + 1 - self.first)
        return self._messages[begin : begin + most]

    def of_key(self, key: str, position: int, most: int) -> list[Message]:
        """The next of `key` behind the seq `position`, up to `most`."""
        keys = self._keys
        if keys.through < self.last:
            keys.add(self.after(keys.through, self.last - keys.through))
        shift = self._gone - self.first
        return [self._messages[shift + seq] for seq in keys.after(key, position, most)]

    def get(self, seq: int) -> Message | None:
        """The message of that seq, if it is still there."""
        at = seq - self.first
        return self._messages[self._gone + at] if 0 <= at < len(self) else None

    def before(self, time: int) -> int:
        """The seq of the last message from before `time`; one below the first if there is none."""
        found = bisect_left(self._messages, time, lo=self._gone, key=lambda message: message.time)
        return self.first - 1 + found - self._gone

    def drop(self, through: int) -> int:
        """Forget what is up to the seq `through`; how many messages that were."""
        dropped = min(through - self.first + 1, len(self))
        if dropped <= 0:
            return 0
        messages = self._messages[self._gone : self._gone + dropped]
        self._keys.forget(messages)
        for message in messages:
            self.octets -= len(message.body) + OVERHEAD
            if message.id:
                del self._ids[message.id]
        self._gone += dropped
        if self._gone >= max(GONE, len(self._messages) // 16) or self._gone == len(self._messages):
            del self._messages[: self._gone]
            self._gone = 0
        for group in self.groups.values():
            group.forget(self.first - 1)
        return dropped

    def surplus(self, octets: int) -> int:
        """The seq up to which the oldest have to go for not more than `octets` to be left."""
        over = self.octets - octets
        at = self._gone
        while over > 0:
            over -= len(self._messages[at].body) + OVERHEAD
            at += 1
        return self.first - 1 + at - self._gone
