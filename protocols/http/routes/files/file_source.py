"""Files, or parts of them, as the bodies of responses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred

from protocols.http.routes.files.open_file import OpenFile
from protocols.http.source import Source

READ: Final = 256 * 1024
"""Bytes read at a time from large files, and held for a client that does not read.  Half as many send a third
slower, twice as many fall out of the processor's cache."""


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive bytes of a file."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


Plan = tuple[bytes | Span, ...]
"""What a body consists of: bytes as they are, and those of a file."""


def plan_length(plan: Plan) -> int:
    """Bytes of a body of that plan."""
    return sum(part.length if isinstance(part, Span) else len(part) for part in plan)


def cut(content: bytes, plan: Plan) -> bytes:
    """The body of that plan of a file that has `content`."""
    if len(plan) == 1 and plan[0] == Span(0, len(content)):
        return content
    parts = (content[part.start : part.end] if isinstance(part, Span) else part for part in plan)
    return b"".join(parts)


class FileSource(Source):
    """What `plan` says of a file, piece by piece; it owns `file`.

    Reading fails with :class:`EOFError` where the file has become shorter.
    """

    def __init__(self, file: OpenFile, plan: Iterable[bytes | Span]) -> None:
        self._file = file
        self._plan = deque(plan)
        self.length = plan_length(tuple(self._plan))

    def read(self) -> bytes | Deferred[bytes | None] | None:
        while self._plan:
            part = self._plan[0]
            if not isinstance(part, Span):
                self._plan.popleft()
                return part
            if part.length:
                piece = self._file.read(part.start, min(READ, part.length))
                return piece.addCallback(self._take) if isinstance(piece, Deferred) else self._take(piece)
            self._plan.popleft()
        return None

    def close(self) -> None:
        self._file.close()

    def _take(self, piece: bytes) -> bytes | None:
        if not piece:
            raise EOFError("the file became shorter while it was sent")
        part = self._plan[0]
        assert isinstance(part, Span)
        self._plan[0] = Span(part.start + len(piece), part.length - len(piece))
        return piece
