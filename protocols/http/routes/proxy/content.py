"""The content of a response on its way from the origin."""

from __future__ import annotations

from typing import Final, Protocol

from protocols.http.body import BodyStream
from protocols.http.fields import Headers
from protocols.http.source import Source


class Inflow(Protocol):
    """Where the content comes from: the connection to the origin."""

    def wanted(self) -> None:
        """Somebody reads it."""

    def taken(self, size: int) -> None:
        """So many bytes have been read, and others may come."""

    def left(self) -> None:
        """Nobody wants the rest."""


class _Nobody:
    """Stands for a connection that has other things to do."""

    def wanted(self) -> None:
        """Everything is here."""

    def taken(self, size: int) -> None:
        """Nothing else comes."""


NOBODY: Final = _Nobody()


class OriginContent(BodyStream):
    """Content that is read as it comes; whoever stops reading tells the origin so."""

    def __init__(self, inflow: Inflow, length: int | None) -> None:
        super().__init__(inflow, length)
        self._origin: Inflow | None = inflow

    def close(self) -> None:
        super().close()
        origin, self._origin = self._origin, None
        if origin is not None:
            origin.left()

    def finish(self, trailers: Headers | None = None) -> None:
        # What has not been read yet is no affair of the connection, which may carry another response.
        self._origin = None
        self._inflow = NOBODY
        super().finish(trailers)


class NoContent(Source):
    """Nothing, where there would be `length` bytes for a GET."""

    def __init__(self, length: int | None) -> None:
        self.length = length

    def read(self) -> None:
        return None

    def close(self) -> None:
        """Nothing is held."""
