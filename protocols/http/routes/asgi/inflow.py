"""The content of a request, for an ASGI application."""

from __future__ import annotations

from collections.abc import Callable

from twisted.python.failure import Failure

from protocols.http.body import BodyStream
from protocols.http.errors import HTTPError
from protocols.http.routes.asgi.change import Change
from protocols.http.routes.asgi.runtime import Message
from protocols.http.source import read_from


class Inflow:
    """The content of a request, as ``receive`` gives it.

    :param moved: is called when some of it has come.
    :param refused: is called when there is more of it than the route takes.
    """

    def __init__(
        self, body: BodyStream, moved: Callable[[], None], refused: Callable[[HTTPError], None]
    ) -> None:
        self.gone = False
        """Whether the client went before the response was whole."""
        self._body = body
        self._moved = moved
        self._refused = refused
        self._pieces: list[bytes] = []
        self._missing = body.length
        self._complete = body.length == 0
        self._told = False  # whether the application knows that it is complete
        self._reading = False
        self._over = False
        self._change = Change()

    async def receive(self) -> Message:
        """ASGI's ``receive``: the content, and then that the client is not waited for any more."""
        while not self._over:
            if not self._told:
                self._read()
                if self._pieces or self._complete:
                    return self._take()
            await self._change.wait()
        return {"type": "http.disconnect"}

    def over(self) -> None:
        """The client has gone, or has got its response."""
        self._over = True
        self._change.tell()

    def _take(self) -> Message:
        content = b"".join(self._pieces)
        self._pieces.clear()
        self._told = self._complete
        return {"type": "http.request", "body": content, "more_body": not self._complete}

    def _read(self) -> None:
        """Ask for the next piece, unless that was done."""
        if self._reading or self._complete or self._pieces:
            return
        self._reading = True
        read_from(self._body, self._come, self._failed)

    def _come(self, piece: bytes | None) -> None:
        self._reading = False
        if piece is None:
            self._complete = True
        else:
            self._pieces.append(piece)
            if self._missing is not None:
                self._missing -= len(piece)
                self._complete = self._missing == 0
            self._moved()
        self._change.tell()

    def _failed(self, failure: Failure) -> None:
        self._reading = False
        self._over = True
        self._change.tell()
        if isinstance(failure.value, HTTPError):
            self._refused(failure.value)
