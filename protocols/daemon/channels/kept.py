"""A channel for as long as anything needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.daemon.channels.print import ChannelPrint
from protocols.daemon.occurrence import Occurrence

log = Logger(namespace="polyport")

CLOSING: Final = 10.0
"""Seconds in which a store has to finish what is under way; one that hangs is left to itself then, and not
told so: it may end yet, and has limits of its own."""


class OpenError(Exception):
    """A channel cannot be opened; the text says which one, and why."""


class Kept:
    """`channel`, which is open from :meth:`open` until it is not in the configuration any more and whoever
    uses it has gone.

    :param made_of: what it is made of.
    :param needs: the channels that get its dead letters; they are there until it is closed.
    """

    def __init__(self, made_of: ChannelPrint, channel: Channel, needs: Sequence[Kept] = ()) -> None:
        self.made_of = made_of
        self.channel = channel
        self.needs = needs
        self.is_listed = False
        """Whether it is in the configuration that is served."""
        self._state: Literal["made", "open", "closed"] = "made"
        self.is_over = False
        """Whether it is closed, and nothing of it is waited for."""
        self._users = 0
        self._releases = [need.lease() for need in needs]
        self._ended: Occurrence[None] | None = None
        self._giving_up: IDelayedCall | None = None
        self._is_given_up = False

    @property
    def name(self) -> str:
        """What it is called."""
        return self.channel.name

    @property
    def is_open(self) -> bool:
        """Whether it was opened, and is not closed."""
        return self._state == "open"

    def open(self) -> Deferred[None]:
        """Make it ready, once.  Fails with :class:`OpenError`."""
        if self._state != "made":
            return succeed(None)
        self._state = "open"
        return maybeDeferred(self.channel.open).addErrback(self._not_opened)

    def lease(self) -> Callable[[], Deferred[None] | None]:
        """Use it, until what this returns is called."""
        self._users += 1
        given = [self._release]
        return lambda: given.pop()() if given else None

    def unlist(self) -> Deferred[None] | None:
        """It is not in the configuration any more."""
        self.is_listed = False
        return self._end_if_unused()

    def close(self) -> Deferred[None]:
        """Close it, whoever uses it; whoever asks again waits for the same end."""
        if self._ended is None:
            was_open, self._state = self._state == "open", "closed"
            self._ended = Occurrence()
            if was_open:
                self._giving_up = self.channel.clock.callLater(CLOSING, self._give_up)
                maybeDeferred(self.channel.close).addErrback(self._not_closed).addCallback(self._end)
            else:
                self._end(None)
        return self._ended.when()

    def _give_up(self) -> None:
        self._giving_up = None
        self._is_given_up = True
        self._complain(f"its store has not finished within {CLOSING:g} s")
        self._end(None)

    def _end(self, _: object) -> None:
        """It needs nothing any more."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        if not self.is_over:
            self.is_over = True
            for release in self._releases:
                release()
            assert self._ended is not None
            self._ended.happened(None)

    def _release(self) -> Deferred[None] | None:
        self._users -= 1
        return self._end_if_unused()

    def _end_if_unused(self) -> Deferred[None] | None:
        return self.close() if not self._users and not self.is_listed else None

    def _not_opened(self, failure: Failure) -> None:
        self._state = "made"
        error = failure.value
        if not isinstance(error, Exception):
            failure.raiseException()
        raise OpenError(f"channel {self.name}: {error}") from error

    def _not_closed(self, failure: Failure) -> None:
        if not self._is_given_up:  # else that is known
            self._complain(failure.value)

    def _complain(self, error: object) -> None:
        log.error(
            "channel {channel}: it could not be closed as it should: {error}", channel=self.name, error=error
        )
