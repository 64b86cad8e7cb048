"""What publishers wait for, where something needs its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.settings import PENDING, PENDING_BYTES, STALLED
from protocols.channels.unfinished import Unfinished


class Publication:
    """Entries that are published together, and whoever waits for their receipts."""

    __slots__ = ("_told", "at", "entries", "octets")

    def __init__(
        self, entries: Sequence[Entry], octets: int, told: Deferred[Sequence[Receipt]], at: float
    ) -> None:
        self.entries = entries
        self.octets = octets
        self.at = at
        self._told: Deferred[Sequence[Receipt]] | None = told

    @property
    def is_told(self) -> bool:
        """Whether nobody waits any more."""
        return self._told is None

    def published(self, receipts: Sequence[Receipt]) -> None:
        """It is durable."""
        told, self._told = self._told, None
        if told is not None:
            told.callback(receipts)

    def failed(self, error: Exception) -> None:
        """It is not."""
        told, self._told = self._told, None
        if told is not None:
            told.errback(error)


class Pending(Unfinished[Publication]):
    """Publications that nobody has dealt with: not more than `most` messages with `most_octets` in their
    bodies, but one publication at least, and none for longer than `patience` seconds.

    One that nobody has begun with by then is given up, and is not published; of one that is under way nobody
    knows, which is what :class:`~protocols.channels.errors.StalledError` says.

    :param on: what they wait for, and what is wrong with that if it takes too long: for publishers.
    """

    def __init__(
        self,
        clock: Any,
        *,
        most: int = PENDING,
        most_octets: int = PENDING_BYTES,
        patience: float = STALLED,
        on: tuple[str, str] = ("the store", "the store does not answer"),
    ) -> None:
        super().__init__(clock, patience=patience, slow=on[1], unknown="it may have been published")
        self._most = most
        self._most_octets = most_octets
        self._what = on[0]
        self._messages = 0
        self._octets = 0

    def __len__(self) -> int:
        """How many messages nobody has begun with."""
        return self._messages

    @property
    def is_empty(self) -> bool:
        """Whether somebody has begun with each publication."""
        return not self._waiting

    @property
    def unfinished(self) -> bool:
        """Whether any are under way."""
        return bool(self._begun)

    def add(self, entries: Sequence[Entry]) -> Deferred[Sequence[Receipt]]:
        """Have `entries` wait.  Raises :class:`UnavailableError` if there are too many already."""
        octets = 0
        for entry in entries:
            octets += len(entry.body)
        if self._messages:
            if self._messages + len(entries) > self._most:
                raise UnavailableError(f"{self._messages} messages wait for {self._what} already")
            if self._octets + octets > self._most_octets:
                raise UnavailableError(f"{self._octets} bytes wait for {self._what} already")
        told: Deferred[Sequence[Receipt]] = Deferred()
        self._wait(Publication(entries, octets, told, self._clock.seconds()))
        self._messages += len(entries)
        self._octets += octets
        return told

    def begin(self, most: int) -> list[Publication]:
        """The next, of about `most` messages together; whoever takes them says how each ends, and
        :meth:`finish` then."""
        begun: list[Publication] = []
        messages = 0
        while self._waiting and messages < most:
            publication = self._waiting.popleft()
            messages += len(publication.entries)
            self._octets -= publication.octets
            begun.append(publication)
            self._begun[publication] = None
        self._messages -= messages
        return begun

    def refuse(self, error: Exception) -> None:
        """Nothing that waits will be published."""
        waiting, self._waiting = self._waiting, deque()
        self._messages = self._octets = 0
        for publication in waiting:
            publication.failed(error)

    def abandon(self, error: Exception) -> None:
        """Nobody will say what became of those that are under way."""
        begun, self._begun = self._begun, {}
        for publication in begun:
            publication.failed(error)

    def _given_up(self, order: Publication) -> None:
        self._messages -= len(order.entries)
        self._octets -= order.octets
