"""A body that is read piece by piece while it is sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

PIECE = 64 * 1024
"""Bytes read at a time: as much as a transport buffers before it asks for a pause."""


class Source(ABC):
    """Where the pieces of one body come from.

    It is read by one reader, never while a read is under way, and closed exactly once by whoever holds
    it last, also if it was never read.
    """

    length: int | None = None
    """Bytes of the whole body, where they are known before."""
    follows: bool = False
    """Whether it gives pieces as they come: one that was waited for is not followed by another at once, so
    the next read need not be put off to another turn of the reactor."""

    @abstractmethod
    def read(self) -> bytes | Deferred[bytes | None] | None:
        """The next piece, now or later; ``None`` at the end.

        The head of a response waits for the first piece, so that an error before it can still be told; an
        empty one lets it go.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what the pieces come from; a read that is under way is cancelled."""


def read_from(
    source: Source, come: Callable[[bytes | None], object], failed: Callable[[Failure], object]
) -> None:
    """Have `come` called with the next piece of `source`, or `failed` with why not: now or later."""
    try:
        piece = source.read()
    except Exception:  # noqa: BLE001 - it is told as what a Deferred fails with
        failed(Failure())
        return
    if isinstance(piece, Deferred):
        piece.addCallbacks(come, failed)
    else:
        come(piece)


def fulfil(waiting: Deferred[bytes | None], source: Source) -> None:
    """Give who waits by `waiting` what can be read of `source` now, also if that is an error."""
    try:
        piece = source.read()
    except BaseException as error:  # noqa: BLE001 - whoever waits hears of it
        waiting.errback(error)
        return
    assert not isinstance(piece, Deferred)
    waiting.callback(piece)


class OctetsSource(Source):
    """Bytes that are all there."""

    def __init__(self, octets: bytes) -> None:
        self._octets = memoryview(octets)
        self._at = 0
        self.length = len(octets)

    def read(self) -> bytes | None:
        piece = bytes(self._octets[self._at : self._at + PIECE])
        self._at += len(piece)
        return piece or None

    def close(self) -> None:
        self._octets.release()
