"""The lines of a body that is still coming in."""

from __future__ import annotations

from collections.abc import AsyncIterator

from twisted.internet.defer import Deferred

from protocols.channels.errors import TooLargeError
from protocols.http.source import Source


async def lines_of(body: Source, most: int) -> AsyncIterator[list[bytes]]:
    """The lines of `body` without their ends, those together that came together; the last needs no end.

    Not more is held than a piece, and a line.  Raises :class:`TooLargeError` where one has not ended after
    `most` bytes, and what reading the body does.
    """
    begun: list[bytes] = []
    size = 0
    while True:
        piece = body.read()
        if isinstance(piece, Deferred):
            piece = await piece
        if piece is None:
            break
        first, end, rest = piece.partition(b"\n")
        begun.append(first)
        size += len(first)
        if end:
            lines = [b"".join(begun), *rest.split(b"\n")]
            begun = [lines.pop()]
            size = len(begun[0])
            yield lines
        if size > most:
            raise TooLargeError(f"a line is over the {most} bytes allowed here")
    if size:
        yield [b"".join(begun)]
