"""The events of one client, as a body that ends with them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from protocols.handlers.items import Batch, Items
from protocols.http.event import HEARTBEAT
from protocols.http.source import Source


class EventStream(Source):
    """`items`, which are encoded events, with heartbeats where there are none.

    :param beginning: what goes out at once.
    :param heartbeat: seconds of silence after which a comment is sent.
    :param released: is called when the client is gone, or the events are at their end.
    """

    def __init__(
        self,
        items: Items,
        *,
        beginning: bytes,
        heartbeat: float,
        clock: IReactorTime,
        released: Callable[[EventStream], object],
    ) -> None:
        self._items = items
        self._beginning = beginning
        self._begun = False
        self._heartbeat = heartbeat
        self._clock = clock
        self._released = released
        self._taking = False
        self._result: Batch | Failure | None = None  # which has come, and is not read
        self._over = False
        self._closed = False
        self._waiting: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if not self._begun:
            self._begun = True
            return self._beginning
        if self._is_ready():
            return self._piece()
        return self._wait(self._heartbeat).addCallback(lambda _: self._piece())

    def close(self) -> None:
        if self._closed:
            return
        self._closed = self._over = True
        self._stop_timer()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        try:
            self._items.close()
        finally:
            self._released(self)

    def has_events(self, patience: float) -> bool | Deferred[bool]:
        """Whether there is an event before the end; there may be one if nothing comes for `patience`
        seconds.  Raises, or fails with, what the generator raises."""
        if self._is_ready():
            return self._is_worth_reading()
        return self._wait(patience).addCallback(lambda _: self._is_worth_reading())

    def drain(self) -> None:
        """End it, so that the client comes back: to the next process."""
        self._over = True
        self._wake()

    def _is_ready(self) -> bool:
        """Whether there is something to read, or never will be; takes the next event if nobody does."""
        if not (self._over or self._taking or self._result is not None):
            taken = self._items.take()
            if isinstance(taken, Deferred):
                self._taking = True
                taken.addBoth(self._come)
            else:
                self._result = taken
        return self._over or self._result is not None

    def _come(self, result: Batch | Failure) -> None:
        self._taking = False
        if not self._closed:
            self._result = result
            self._wake()

    def _wait(self, seconds: float) -> Deferred[None]:
        self._waiting = Deferred()
        self._timer = self._clock.callLater(seconds, self._wake)
        return self._waiting

    def _wake(self) -> None:
        self._stop_timer()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _piece(self) -> bytes | None:
        if self._over:
            return None
        result, self._result = self._result, None
        if result is None:
            return HEARTBEAT
        if isinstance(result, Failure):
            result.raiseException()
        assert isinstance(result, Batch)
        self._over = not result.more
        return b"".join(result.items) if result.items or result.more else None

    def _is_worth_reading(self) -> bool:
        if isinstance(self._result, Failure):
            self._result.raiseException()
        return not (isinstance(self._result, Batch) and not self._result.items and not self._result.more)
