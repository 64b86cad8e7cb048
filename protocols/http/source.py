"""A body that is read piece by piece while it is sent."""

from __future__ import annotations

from abc import ABC, abstractmethod

from twisted.internet.defer import Deferred

PIECE = 64 * 1024
"""Bytes read at a time: as much as a transport buffers before it asks for a pause."""


class Source(ABC):
    """Where the pieces of one body come from.

    It is read by one reader, never while a read is under way, and closed exactly once by whoever holds
    it last, also if it was never read.
    """

    length: int | None = None
    """Bytes of the whole body, where they are known before."""

    @abstractmethod
    def read(self) -> bytes | Deferred[bytes | None] | None:
        """The next piece, now or later; ``None`` at the end.

        The head of a response waits for the first piece, so that an error before it can still be told; an
        empty one lets it go.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what the pieces come from; a read that is under way is cancelled."""


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
