"""What publishers wait for, where something needs its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.settings import PENDING, PENDING_BYTES, STALLED


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


class Pending:
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
        self._clock = clock
        self._most = most
        self._most_octets = most_octets
        self._patience = patience
        self._on = on
        self._waiting: deque[Publication] = deque()
        self._begun: dict[Publication, None] = {}
        self._messages = 0
        self._octets = 0
        self._watch: IDelayedCall | None = None

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
                raise UnavailableError(f"{self._messages} messages wait for {self._on[0]} already")
            if self._octets + octets > self._most_octets:
                raise UnavailableError(f"{self._octets} bytes wait for {self._on[0]} already")
        told: Deferred[Sequence[Receipt]] = Deferred()
        self._waiting.append(Publication(entries, octets, told, self._clock.seconds()))
        self._messages += len(entries)
        self._octets += octets
        if self._watch is None:
            self._watch = self._clock.callLater(self._patience, self._check)
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

    def finish(self, publications: Sequence[Publication]) -> None:
        """These are done with."""
        for publication in publications:
            self._begun.pop(publication, None)

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

    def close(self) -> None:
        """Refuse what waits, and watch no longer."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self.refuse(UnavailableError("the channel is closed"))

    def _check(self) -> None:
        self._watch = None
        now = self._clock.seconds()
        long_ago = now - self._patience
        for publication in [one for one in self._begun if one.at <= long_ago]:
            publication.failed(StalledError(f"{self._on[1]}; it may have been published"))
        while self._waiting and self._waiting[0].at <= long_ago:
            publication = self._waiting.popleft()
            self._messages -= len(publication.entries)
            self._octets -= publication.octets
            publication.failed(UnavailableError(self._on[1]))
        times = [one.at for one in self._begun if not one.is_told]
        times += [one.at for one in self._waiting]
        if times:
            self._watch = self._clock.callLater(min(times) + self._patience - now, self._check)
