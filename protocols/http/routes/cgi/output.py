"""What a script writes, as the body of a response."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.handlers import CallTimeoutError
from protocols.handlers.program import Process, Watchdog
from protocols.http.routes.cgi.faults import ScriptError
from protocols.http.routes.cgi.head import HeadReader, ScriptHead
from protocols.http.source import PIECE, Source

log = Logger(namespace="polyport")


class ScriptOutput(Source):
    """The standard output of `process`: first the head, then piece by piece what stands behind it.

    Reading raises :class:`ScriptError` where a script ends before the length it announced, and
    :class:`~protocols.handlers.CallTimeoutError` after a silence of `timeout` seconds; what it writes beyond
    the length is dropped.
    """

    def __init__(self, process: Process, timeout: float, clock: Any) -> None:
        self._process = process
        self._timeout = timeout
        self._watchdog = Watchdog(process, timeout, clock, self._late)
        self._fault: CallTimeoutError | None = None
        self._first = b""
        self._sent = 0

    async def head(self, *, whole: bool) -> ScriptHead:
        """The head, `whole` or as CGI has it.  Raises :class:`ScriptError` if there is none."""
        reader = HeadReader(whole=whole)
        head = None
        while head is None:
            piece = await self._next()
            if piece is None:
                reader.end()
            else:
                head = reader.feed(piece)
        self._watchdog.answered()
        self._first = reader.rest
        self.length = head.length
        return head

    async def is_empty(self) -> bool:
        """Whether nothing stands behind the head."""
        if not self._first:
            self._first = await self._next() or b""
        return not self._first

    def short(self) -> bytes | None:
        """All that stands behind the head, if it is short and here already: most answers are."""
        stdout = self._process.stdout
        while len(self._first) < PIECE and self._fault is None:
            piece = stdout.read_now()
            if piece is None:
                return None
            self._first += piece
            if not piece:
                return self._first if self.length in (None, len(self._first)) else None
        return None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._first:
            first, self._first = self._first, b""
            return self._counted(first)
        piece = self._process.stdout.read()
        if isinstance(piece, Deferred):
            return piece.addCallback(self._counted)
        return self._counted(piece)

    def close(self) -> None:
        """A script that is still writing is ended; one that has closed its output may go on."""
        if not self._process.stdout.over:
            self._process.end()

    async def _next(self) -> bytes | None:
        piece = self._process.stdout.read()
        if isinstance(piece, Deferred):
            piece = await piece
        if self._fault is not None:
            raise self._fault
        return piece

    def _counted(self, piece: bytes | None) -> bytes | None:
        if self._fault is not None:
            raise self._fault
        if self.length is None:
            return piece
        left = self.length - self._sent
        if piece is None:
            if left:
                raise ScriptError(f"{self._process.name}: ended {left} bytes short of its Content-Length")
            return None
        piece = piece[:left]
        self._sent += len(piece)
        return piece or None

    def _late(self) -> None:
        if self._process.stdout.over:
            log.warn(
                "{program}: still runs {seconds:g} s after the end of its output; ending it",
                program=self._process.name,
                seconds=self._timeout,
            )
        self._fault = CallTimeoutError(f"{self._process.name} wrote nothing for {self._timeout:g} s")
        self._process.end()
