"""The messages of a channel as they come, for one client."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from protocols.channels.batch import Batch, Render
from protocols.channels.channel import Channel
from protocols.http.body import HELD
from protocols.http.event import HEARTBEAT
from protocols.http.routes.channel.event_forms import closed_event, missed_event
from protocols.http.source import Source


class LiveEvents(Source):
    """The messages of `channel` behind `position`, and then each as it comes.

    What came together goes out together, in the same bytes for every client; a client that does not read is
    given no more, and goes on later from where it was.

    :param beginning: what goes out at once.
    :param render: makes an event of a message.
    :param released: is called when the client is gone, or there is no more.

    Raises :class:`~protocols.channels.errors.UnavailableError` where there are too many already.
    """

    follows = True

    def __init__(
        self,
        channel: Channel,
        position: int,
        key: str,
        *,
        render: Render,
        beginning: bytes,
        released: Callable[[LiveEvents], object],
    ) -> None:
        self._render = render
        self._released = released
        self._pieces: list[bytes] = [beginning]
        self._held = len(beginning)
        self._is_paused = True
        self._is_over = False
        self._is_silent = False
        self._waiting: Deferred[bytes | None] | None = None
        self._clock = channel.clock
        self._going_on: IDelayedCall | None = None
        self._subscription = channel.subscribe(self, position, key)

    def read(self) -> bytes | Deferred[bytes | None] | None:
        pieces = self._pieces
        if pieces:
            piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            self._held = 0
            return piece
        if self._is_over:
            return None
        waiting = self._waiting = Deferred[bytes | None]()
        if self._is_paused:
            self._is_paused = False
            # Many that begin in one turn, as on one connection of HTTP/2, are answered before any catches up.
            self._going_on = self._clock.callLater(0, self._go_on)
        return waiting

    def close(self) -> None:
        self._is_over = True
        self._pieces.clear()
        self._leave()
        self._released(self)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    def beat(self) -> None:
        """Some time has gone by: if nothing was said meanwhile, say that the stream lives."""
        if self._is_silent and self._waiting is not None:
            self._put(HEARTBEAT)
        self._is_silent = True

    def drain(self) -> None:
        """End it, so that the client comes back: to the next process."""
        if not self._is_over:
            self._is_over = True
            self._leave()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting.callback(None)

    def _go_on(self) -> None:
        self._going_on = None
        if not self._is_paused:
            self._subscription.resume()

    def _leave(self) -> None:
        going_on, self._going_on = self._going_on, None
        if going_on is not None:
            going_on.cancel()
        self._subscription.close()

    # -- the channel's side ----------------------------------------------------------------------------

    def came(self, batch: Batch) -> None:
        self._is_silent = False
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            waiting.callback(batch.joined(self._render))
        else:
            self._put(batch.joined(self._render))

    def missed(self, count: int) -> None:
        self._put(missed_event(count))

    def cut_off(self, reason: str) -> None:
        self._put(closed_event(reason))
        self.drain()

    def _put(self, piece: bytes) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(piece)
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held >= HELD and not self._is_paused:
            self._is_paused = True
            self._subscription.pause()
