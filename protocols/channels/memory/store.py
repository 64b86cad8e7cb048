"""A log in memory as a channel's store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred, succeed

from protocols.channels.errors import UnavailableError
from protocols.channels.memory.group import MemoryGroup
from protocols.channels.memory.log import MemoryLog
from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.message_json import exported
from protocols.channels.store import READ_BYTES, READ_MESSAGES, Came, Claim, Exported, Extent, GroupExtent

ROOM: Final = 64
"""So large a part of the bytes that are kept is made free at a time."""


class MemoryStore:
    """Keeps a channel in `log`: what is appended is there at once, and gone with the process.

    :param octets: bytes that are kept, as :meth:`retain` has them; here a limit that holds at any time, since
        memory that is used up takes the whole daemon with it.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(self, log: MemoryLog, *, octets: int = 0, now: Callable[[], float] = time.time) -> None:
        self._log = log
        self._octets = octets
        self._now = now
        self._came: Came | None = None

    trouble = ""
    """It waits for nothing that would be elsewhere."""

    @property
    def extent(self) -> Extent:
        """What is kept (see :class:`~protocols.channels.store.Store`)."""
        log = self._log
        return Extent(log.first, log.last, len(log), log.octets)

    def open(self, came: Came) -> Deferred[None]:
        """Have `came` hear of each message."""
        self._came = came
        self._log.listeners.append(came)
        return succeed(None)

    def close(self) -> Deferred[None]:
        """Take nothing more; the log stays."""
        if self._came is not None:
            self._log.listeners.remove(self._came)
            self._came = None
        return succeed(None)

    def known(self) -> Deferred[None]:
        """It is, from the moment it is open."""
        return succeed(None)

    def append(self, entries: Sequence[Entry]) -> Sequence[Receipt]:
        """Publish `entries` at once."""
        if self._came is None:
            raise UnavailableError("the channel is closed")
        receipts = self._log.append(entries, int(self._now() * 1000))
        if self._octets and self._log.octets > self._octets:
            # A little more than has to be: to look what that is costs more than to publish.
            self._log.drop(self._log.surplus(self._octets - self._octets // ROOM))
        return receipts

    def read(self, after: int, most: int = READ_MESSAGES, key: str = "") -> Deferred[Sequence[Message]]:
        """The next messages behind the seq `after`."""
        found = self._log.of_key(key, after, most) if key else self._log.after(after, most)
        octets = 0
        for count, message in enumerate(found, 1):
            octets += len(message.body)
            if octets >= READ_BYTES:
                return succeed(found[:count])
        return succeed(found)

    def export(self, after: int, through: int, most: int, key: str = "") -> Deferred[Exported]:
        """The next piece of a history."""
        return self.read(after, most, key).addCallback(exported, after, through)

    def seq_before(self, time: int) -> Deferred[int]:
        """The seq of the last message from before `time`."""
        return succeed(self._log.before(time))

    def trim(self, through: int) -> Deferred[int]:
        """Forget everything up to the seq `through`."""
        return succeed(self._log.drop(through))

    def retain(self, since: int, octets: int) -> Deferred[int]:
        """Forget what is too old or too much."""
        log = self._log
        dropped = log.drop(log.before(since))
        if octets:
            dropped += log.drop(log.surplus(octets))
        return succeed(dropped)

    def claim(self, group: str, most: int, deadline: float) -> Deferred[Sequence[Claim]]:
        """Up to `most` messages that nobody else of `group` has."""
        now, terms, log = self._now(), self._group(group), self._log
        seqs = terms.due_at(now, most)
        for message in log.after(terms.position, most - len(seqs)):
            seqs.append(message.seq)
            terms.position = message.seq
        claims = []
        for seq in seqs:
            held = terms.hold(seq, now + deadline)
            found = log.get(seq)
            assert found is not None, "what is forgotten is not held"
            claims.append(Claim(found, held.tries, held.error))
        return succeed(claims)

    def settle(self, group: str, seqs: Sequence[int]) -> Deferred[int]:
        """They are dealt with."""
        held = self._group(group).held
        return succeed(sum(held.pop(seq, None) is not None for seq in seqs))

    def give_back(self, group: str, seq: int, error: str, delay: float) -> Deferred[None]:
        """It is to be handed out again."""
        self._group(group).give_back(seq, error, self._now() + delay)
        return succeed(None)

    def due(self, group: str) -> Deferred[float | None]:
        """Seconds until one is due again."""
        due = self._group(group).next_due()
        return succeed(None if due is None else max(0.0, due - self._now()))

    def rewind(self, group: str, after: int) -> Deferred[None]:
        """Hand out everything behind `after` anew."""
        terms = self._group(group)
        for seq in [seq for seq in terms.held if seq > after]:
            del terms.held[seq]
        terms.position = max(min(after, self._log.last), self._log.first - 1)
        return succeed(None)

    def group(self, name: str) -> Deferred[GroupExtent]:
        """How far it has come."""
        terms = self._log.groups.get(name)
        if terms is None:
            return succeed(GroupExtent(self._log.first - 1, 0, True))
        return succeed(GroupExtent(terms.position, len(terms.held)))

    def _group(self, name: str) -> MemoryGroup:
        found = self._log.groups.get(name)
        if found is None:
            found = self._log.groups[name] = MemoryGroup(self._log.first - 1)
        return found
