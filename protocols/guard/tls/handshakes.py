"""Handshakes that are under way: how many there may be, and for how long."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from protocols.stream_timers import Timers

HANDSHAKE = 10.0
"""Seconds that a handshake may take from the first byte of the connection: the ten round trips of the slowest
networks, and no more."""

PENDING = 256
"""Handshakes at once for each address: at half a millisecond each, what one core does in the time in which a
client expects an answer."""


class Shaking(Protocol):
    """A connection whose handshake is under way."""

    due: float | None
    """For the timer."""

    @property
    def source(self) -> str:
        """Whom limits count it for."""

    def time_out(self) -> None:
        """It has taken too long."""

    def give_way(self) -> None:
        """There are too many, and this one is to go."""


class Handshakes:
    """All those of one factory.

    Over the limit the oldest goes of the source that has most: whoever opens connections and says nothing
    drives out connections of his own only, or, where there are many of him, the oldest, which are the least
    likely to come to anything.
    """

    def __init__(self, clock: IReactorTime, seconds: float = HANDSHAKE, limit: int = PENDING) -> None:
        self.seconds = seconds
        self.limit = limit
        self._timers = Timers(clock)
        self._by_source: dict[str, dict[Shaking, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def began(self, connection: Shaking) -> None:
        if self._count >= self.limit:
            self._make_room()
        self._by_source.setdefault(connection.source, {})[connection] = None
        self._count += 1
        self._timers.start(connection, self.seconds)

    def ended(self, connection: Shaking) -> None:
        """It is done, or has failed; nothing happens if it had been given up."""
        ours = self._by_source.get(connection.source)
        if ours is None or connection not in ours:
            return
        del ours[connection]
        if not ours:
            del self._by_source[connection.source]
        self._count -= 1
        self._timers.stop(connection)

    def end_all(self) -> None:
        """Give up every one."""
        for connection in [each for ours in self._by_source.values() for each in ours]:
            self.ended(connection)
            connection.give_way()

    def _make_room(self) -> None:
        most = max(self._by_source.values(), key=len)
        oldest = next(iter(most))
        self.ended(oldest)
        oldest.give_way()
