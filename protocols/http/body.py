"""The content of a request while it is still coming in."""

from __future__ import annotations

from typing import Final, Protocol, Self

from twisted.internet.defer import Deferred

from protocols.http.errors import HTTPError
from protocols.http.fields import Headers
from protocols.http.source import Source

HELD: Final = 64 * 1024
"""Bytes that are kept for a reader who has not asked for them; then the client is not read from."""


class ClientGoneError(Exception):
    """The client went away, or gave the request up, before the whole of its content was here."""


class Inflow(Protocol):
    """Where the content comes from: the connection's side of a :class:`BodyStream`."""

    def wanted(self) -> None:
        """Somebody reads it: a client that waits to be told so (``Expect: 100-continue``) is."""

    def taken(self, size: int) -> None:
        """So many bytes have been read, and others may come."""


class BodyStream(Source):
    """The pieces of one body in the order they came: ``async for piece in body``, or :meth:`read`.

    Reading raises :class:`ClientGoneError` where the client left before the end, and
    :class:`~protocols.http.HTTPError` (413) where there is more than the route takes.

    :param length: bytes of the whole, where the client announced them.
    """

    def __init__(self, inflow: Inflow, length: int | None) -> None:
        self.length = length
        self.trailers = Headers()
        """What stood behind the last chunk; complete once everything has been read."""
        self.held = 0
        """Bytes that are here and have not been read."""
        self._inflow = inflow
        self._pieces: list[bytes] = []
        self._waiting: Deferred[bytes | None] | None = None
        self._over = False
        self._closed = False
        self._asked = False
        self._error: Exception | None = None

    # -- the reader's side ---------------------------------------------------------------------------

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._pieces:
            piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces.clear()
            self.held = 0
            self._inflow.taken(len(piece))
            return piece
        if self._error is not None:
            raise self._error
        if self._over or self._closed:
            return None
        self._waiting = Deferred(self._cancelled)
        if not self._asked:
            self._asked = True
            self._inflow.wanted()
        return self._waiting

    def close(self) -> None:
        """Whatever else comes is not wanted."""
        self._closed = True
        dropped, self.held = self.held, 0
        self._pieces.clear()
        if self._waiting is not None:
            self._waiting.cancel()
        if dropped:
            self._inflow.taken(dropped)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = self.read()
        if isinstance(piece, Deferred):
            piece = await piece
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def whole(self, limit: int) -> bytes:
        """All of it.  Raises :class:`~protocols.http.HTTPError` (413) past `limit` bytes."""
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            size += len(piece)
            if size > limit:
                raise HTTPError(413, f"The content has more than {limit} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    # -- the connection's side -----------------------------------------------------------------------

    def feed(self, piece: bytes) -> None:
        """More is here."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._inflow.taken(len(piece))
            waiting.callback(piece)
        elif self._closed:
            self._inflow.taken(len(piece))
        else:
            self._pieces.append(piece)
            self.held += len(piece)

    def finish(self, trailers: Headers | None = None) -> None:
        """Everything is here."""
        self._over = True
        if trailers is not None:
            self.trailers = trailers
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(None)

    def fail(self, error: Exception) -> None:
        """The rest will not come."""
        if self._over or self._error is not None:
            return
        self._error = error
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.errback(error)

    def _cancelled(self, waiting: Deferred[bytes | None]) -> None:
        if self._waiting is waiting:
            self._waiting = None
