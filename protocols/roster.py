"""Who is here, and word when the last has left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, succeed

Member = TypeVar("Member")


class Roster(Generic[Member]):
    """The open connections, or pending answers, of one carrier.

    .. attribute:: members

       All of them, to count; changed by :meth:`add` and :meth:`remove`.
    """

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self._waiting: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, member: object) -> bool:
        return member in self.members

    def __iter__(self) -> Iterator[Member]:
        """Those who are here now; they may leave meanwhile."""
        return iter(list(self.members))

    def add(self, member: Member) -> None:
        self.members.add(member)

    def remove(self, member: Member) -> None:
        """Take `member` off, if it is there."""
        self.members.discard(member)
        if not self.members:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def emptied(self) -> Deferred[None]:
        """Fires when nobody is here."""
        if not self.members:
            return succeed(None)
        deferred: Deferred[None] = Deferred()
        self._waiting.append(deferred)
        return deferred
