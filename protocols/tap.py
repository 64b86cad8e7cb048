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

    .. attribute:: seconds

       What tells the time.
    """

    __slots__ = ("_asked_at", "_asker", "_heard", "_left", "_missed", "_second", "seconds", "watched")

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.watched = False
        self.seconds = seconds
        self._asker: Peer | None = None
        self._asked_at = 0.0
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
        self.asked(peer)
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

    def asked(self, peer: Peer) -> None:
        """What is answered next is what `peer` has just said."""
        self._asker, self._asked_at = peer, self.seconds()

    def took(self, peer: Peer) -> float | None:
        """Seconds since the last message came, for an answer to `peer` that is given at once.

        :returns: ``None`` if that was another's: then nobody has asked for what is said to `peer`.
        """
        return self.seconds() - self._asked_at if peer == self._asker else None
