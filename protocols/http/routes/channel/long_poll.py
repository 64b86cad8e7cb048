"""Waiting for the next message."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel


class LongPoll:
    """Waits up to `seconds` for a message of `channel` behind `position`.

    :param key: of that key.
    :param released: is called when it does not wait any more.
    """

    def __init__(
        self,
        channel: Channel,
        position: int,
        key: str,
        *,
        seconds: float,
        clock: IReactorTime,
        released: Callable[[LongPoll], object],
    ) -> None:
        self._released = released
        self._told: Deferred[Batch | None] | None = Deferred(self._cancelled)
        self._subscription = channel.subscribe(self, position, key)
        self._timer = clock.callLater(seconds, self._finish, None)

    def next(self) -> Deferred[Batch | None]:
        """What comes; ``None`` if nothing does.  Cancelling it ends it."""
        told = self._told
        assert told is not None, "it is asked once"
        self._subscription.resume()
        return told

    def drain(self) -> None:
        """Wait no longer."""
        self._finish(None)

    # -- the channel's side ----------------------------------------------------------------------------

    def came(self, batch: Batch) -> None:
        self._finish(batch)

    def missed(self, count: int) -> None:
        """The client has the next one's number, and sees it."""

    def cut_off(self, reason: str) -> None:
        self._finish(None)

    def _finish(self, batch: Batch | None) -> None:
        told = self._leave()
        if told is not None:
            told.callback(batch)

    def _cancelled(self, _: Deferred[Batch | None]) -> None:
        self._leave()

    def _leave(self) -> Deferred[Batch | None] | None:
        told, self._told = self._told, None
        if told is not None:
            self._subscription.close()
            if self._timer.active():
                self._timer.cancel()
            self._released(self)
        return told
