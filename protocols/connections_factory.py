"""What factories have in common that know the connections they have built, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory

from protocols.journal import Journal
from protocols.open_connection import OpenConnection
from protocols.roster import Roster


class DrainedConnection(OpenConnection, Protocol):
    """One that can be told that its service ends."""

    def drain(self) -> None:
        """Finish what is under way, and close."""


Member = TypeVar("Member", bound=DrainedConnection)


class ConnectionsFactory(Factory, Generic[Member]):
    """Keeps a roster of connections, which join it and leave it, and lets them finish at the end.

    :param clock: where time comes from: a reactor.
    :param connections: how many may be open at a time; more are closed as they come.
    """

    noisy = False

    def __init__(self, journal: Journal, clock: IReactorTime, connections: int) -> None:
        self.journal = journal
        self.clock = clock
        self.limit = connections
        self.open: Roster[Member] = Roster()
        self.draining = False
        """Whether no others are taken."""

    def may_build(self) -> bool:
        """Whether there is room for one more; that there is none is noted."""
        if self.draining or len(self.open) >= self.limit:
            self.journal.refused("draining" if self.draining else f"{self.limit} are open")
            return False
        return True

    @property
    def open_connections(self) -> int:
        """How many there are now."""
        return len(self.open)

    def connections(self) -> Iterator[OpenConnection]:
        """Those that are open now; they may be aborted meanwhile."""
        return iter(self.open)

    def retire(self) -> Deferred[None]:
        """Go on with the connections there are; fires when there is none."""
        return self.open.emptied()

    def drain(self) -> Deferred[None]:
        """Let every connection finish, and build no more; fires when the last is gone."""
        self.draining = True
        for connection in self.open:
            connection.drain()
        return self.open.emptied()

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in self.open:
            connection.abort()
