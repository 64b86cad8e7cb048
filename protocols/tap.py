"""Messages of one service as they pass, for who wants to see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from protocols.session import Peer

FRAMES: Final = 200
"""Messages a second that are told of: more than anybody reads, and so few that telling takes a hundredth of
the time.  The others are counted."""

CONTENT: Final = 256
"""Bytes of a message that are told: some lines of a terminal."""

Direction = Literal["in", "out"]


class Passed(NamedTuple):
    """One message that has passed."""

    peer: Peer
    direction: Direction
    """``in`` from the peer, ``out`` to it."""
    size: int
    """Bytes of the whole."""
    content: bytes
    """The first of them, :data:`CONTENT` at most; of HTTP, words about the request or the response."""
    took: float | None
    """Seconds until it was answered so, where that is known."""
    missed: int
    """Messages that have passed untold since the one before, since there were too many."""


Heard = Callable[[Passed], object]


class Tap:
    """Tells of the messages of one service while somebody watches it.

    Who carries them asks once a read whether that is so, and does nothing more where it is not.

    .. attribute:: watched

       Whether somebody watches.

    .. attribute:: came_at

       When, by :meth:`seconds`, the last message came that was told.
    """

    __slots__ = ("_heard", "_left", "_missed", "_second", "came_at", "seconds", "watched")

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.watched = False
        self.came_at = 0.0
        self.seconds = seconds
        self._heard: list[Heard] = []
        self._second = 0
        self._left = 0
        self._missed = 0

    def watch(self, heard: Heard) -> Callable[[], None]:
        """Tell `heard` of messages from now on.

        :returns: what ends it.
        """
        own = lambda passed: heard(passed)  # noqa: E731 - the same one may watch twice
        self._heard.append(own)
        self.watched = True

        def stop() -> None:
            if own in self._heard:
                self._heard.remove(own)
                self.watched = bool(self._heard)

        return stop

    def came(self, peer: Peer, messages: Sequence[bytes]) -> None:
        """`messages` have come from `peer`."""
        self.came_at = self.seconds()
        for message in messages:
            self.passed(peer, "in", message)

    def passed(
        self,
        peer: Peer,
        direction: Direction,
        content: bytes,
        took: float | None = None,
        size: int | None = None,
    ) -> None:
        """A message has passed.

        :param size: bytes of it, where `content` is not the message itself.
        """
        second = int(self.seconds())
        if second != self._second:
            self._second, self._left = second, FRAMES
        if not self._left:
            self._missed += 1
            return
        self._left -= 1
        missed, self._missed = self._missed, 0
        whole = len(content) if size is None else size
        passed = Passed(peer, direction, whole, bytes(content[:CONTENT]), took, missed)
        for heard in tuple(self._heard):
            heard(passed)

    def took(self) -> float:
        """Seconds since the last message came, for an answer that is given at once."""
        return self.seconds() - self.came_at
