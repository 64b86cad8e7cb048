"""As much of an answer as anybody wants."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.iweb import IResponse

LONGEST: Final = 64 * 1024
"""Bytes of an answer that are read, so that its connection can be used again; one that goes on is cut off."""

EXCERPT: Final = 200
"""Characters of it that an error has."""

PHRASE: Final = 40
"""Characters of a status' own words."""


def read_answer(response: IResponse) -> Deferred[bytes]:
    """The content of `response`, or what has come of it: :data:`LONGEST` bytes, or those before it broke off.

    Cancelled, it closes the connection, and gives what has come until then.
    """
    reader = _Reader()
    response.deliverBody(reader)
    return reader.read


def one_line(text: str | bytes, most: int = EXCERPT) -> str:
    """The beginning of `text`, for a line of a log: spaces for control characters and line ends."""
    if isinstance(text, bytes):
        text = text[: 4 * most].decode("utf-8", "replace")
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


class _Reader(Protocol):
    def __init__(self) -> None:
        self.read: Deferred[bytes] = Deferred(self._cancelled)
        self._pieces: list[bytes] = []
        self._octets = 0
        self._is_over = False

    def dataReceived(self, data: bytes) -> None:
        self._pieces.append(data)
        self._octets += len(data)
        if self._octets >= LONGEST and not self._is_over:
            self._finish()
            self._close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._is_over:
            self._finish()

    def _cancelled(self, _: object) -> None:
        self._finish()
        self._close()

    def _finish(self) -> None:
        self._is_over = True
        pieces, self._pieces = self._pieces, []
        self.read.callback(b"".join(pieces)[:LONGEST])

    def _close(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.stopProducing()
