"""Publishers that wait for slow subscribers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry
from protocols.channels.pending import Pending
from protocols.channels.store import Published

if TYPE_CHECKING:
    from protocols.channels.channel import Channel


class HeldBack:
    """What is published in `channel` while a subscriber is too slow: it waits, for as long as anything waits
    for a store, and then goes on in its order.

    :param append: publishes what need not wait.
    """

    def __init__(self, channel: Channel, append: Callable[[Sequence[Entry]], Published]) -> None:
        self._channel = channel
        self._append = append
        settings = channel.settings
        self._pending = Pending(
            channel.clock,
            most=settings.pending,
            patience=settings.stalled,
            on=("a slow subscriber", "a subscriber is slow"),
        )

    def take(self, entries: Sequence[Entry]) -> Published:
        """Publish `entries`, once nobody is too slow for that."""
        if self._pending.is_empty and not self._channel.is_held_up:
            return self._append(entries)
        counts = self._channel.counts
        try:
            told = self._pending.add(entries)
        except UnavailableError:
            counts.unavailable += len(entries)
            raise
        counts.waited += len(entries)
        return told.addCallbacks(lambda _: self._append(entries), self._given_up, errbackArgs=(len(entries),))

    def let_go(self) -> None:
        """Publish what had to wait, as far as nobody is in its way any more."""
        while not (self._pending.is_empty or self._channel.is_held_up):
            publications = self._pending.begin(1)
            self._pending.finish(publications)  # from now on it is the store that they wait for
            for publication in publications:
                publication.published(())

    def close(self) -> None:
        """Refuse what waits."""
        self._pending.close()

    def _given_up(self, failure: Failure, count: int) -> Failure:
        if failure.check(UnavailableError):  # else its publisher has left
            self._channel.counts.unavailable += count
        return failure
