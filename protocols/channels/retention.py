"""Forgets what is too old or too much, from time to time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

EVERY: Final = 10.0
"""Seconds between two times: so much longer may messages be kept than was asked for."""


class Retention:
    """Keeps `channel` within its settings, as far as they say anything."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._next: IDelayedCall | None = None
        self._is_over = False

    def start(self) -> None:
        """Begin, at once."""
        settings = self._channel.settings
        if settings.keep or settings.octets:
            self._retain()

    def stop(self) -> None:
        """Do it no more."""
        self._is_over = True
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _retain(self) -> None:
        self._next = None
        channel = self._channel
        keep = channel.settings.keep
        since = round((channel.now() - keep) * 1000) if keep else 0
        retained = channel.store.retain(since, channel.settings.octets)
        retained.addCallbacks(self._retained, self._missed).addErrback(channel.failed)
        retained.addCallback(self._again)

    def _retained(self, forgotten: int) -> None:
        self._channel.forgotten(forgotten)

    def _missed(self, failure: Failure) -> None:
        # The store has said what is wrong with it; it is asked again the next time.
        failure.trap(UnavailableError)

    def _again(self, _: object) -> Deferred[None] | None:
        if not self._is_over:
            self._next = self._channel.clock.callLater(EVERY, self._retain)
        return None
