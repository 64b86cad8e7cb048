"""What one viewer is told: how everything is now, and messages that pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.daemon.control.status import Frame
from protocols.daemon.dashboard import wording
from protocols.handlers.items import Batch
from protocols.http import Event

HELD: Final = 200
"""Messages that wait for one viewer; those beyond are dropped, and counted: no page shows more at a time."""

GATHERED: Final = 0.25
"""Seconds for which messages are gathered: an event for each would cost more than the service itself."""

TEXT: Final = 500
"""Characters of a message that are shown."""


class Feed:
    """The events of one viewer: :class:`~protocols.handlers.items.Items`.

    Of what says how everything is, a viewer that reads slowly gets the last only; of messages that pass, as
    many as fit.  So it is never behind, and costs no memory.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.endings: list[Callable[[], object]] = []
        """What to call when the viewer has gone."""
        self._clock = clock
        self._latest: Callable[[], bytes] | None = None
        self._refusal: bytes | None = None
        self._frames: list[dict[str, Any]] = []
        self._missed = 0
        self._timer: IDelayedCall | None = None
        self._waiting: Deferred[Batch] | None = None
        self._closed = False

    def tell(self, say: Callable[[], bytes]) -> bool:
        """Have `say` called, as soon as the viewer reads, for an event that stands for all that was said.

        :returns: whether it had read what was said before.
        """
        had_read = self._latest is None
        self._latest = say
        self._wake()
        return had_read

    def hear(self, frame: Frame) -> None:
        """`frame` has passed."""
        if self._closed:
            return
        self._missed += frame.missed
        if len(self._frames) >= HELD:
            self._missed += 1
            return
        self._frames.append(_shown(frame))
        if self._timer is None:
            self._timer = self._clock.callLater(GATHERED, self._gathered)

    def refuse(self, reason: str) -> None:
        """There will be no messages, for `reason`."""
        self._refusal = Event({"refused": wording.visible(reason)}, event="refused").octets
        self._wake()

    def take(self) -> Batch | Deferred[Batch]:
        # Messages wait until they have been gathered, but not for a viewer that has been slow itself.
        items: list[bytes] = []
        if self._refusal is not None:
            items.append(self._refusal)
            self._refusal = None
        if self._latest is not None:
            say, self._latest = self._latest, None
            items.append(say())
        if self._frames and self._timer is None:
            items.append(Event({"frames": self._frames, "missed": self._missed}, event="frames").octets)
            self._frames, self._missed = [], 0
        if items:
            return Batch(items, more=True)
        self._waiting = Deferred()
        return self._waiting

    def close(self) -> None:
        self._closed = True
        self._waiting = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        for end in self.endings:
            end()

    def _gathered(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        waiting = self._waiting
        if waiting is None:
            return
        batch = self.take()
        if isinstance(batch, Batch):
            self._waiting = None
            waiting.callback(batch)
        else:
            self._waiting = waiting


def _shown(frame: Frame) -> dict[str, Any]:
    return {
        "at": wording.clock(frame.at),
        "way": frame.direction,
        "peer": wording.visible(frame.peer),
        "size": wording.size(frame.size),
        "took": "" if frame.took is None else wording.latency(frame.took),
        "text": wording.visible(frame.text[:TEXT]),
    }
