"""What programs write to standard error, in the log."""

from __future__ import annotations

import os
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers.program.pipes import PIECE, PipeEnd

LINE: Final = 2048
"""Bytes of a line that are logged: enough for a message, not for a file written by mistake."""

LINES: Final = 100
"""Lines that are logged within :data:`WINDOW`: a program in a loop must not fill the disk."""

WINDOW: Final = 10.0
"""Seconds."""

log = Logger(namespace="polyport")


class ErrorLog:
    """Logs the lines of all programs of a service, and no more than :data:`LINES` per :data:`WINDOW`."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._begun_at = -WINDOW
        self._lines = 0

    def say(self, program: str, line: bytes) -> None:
        """`program` wrote `line`."""
        now = self._clock.seconds()
        if now - self._begun_at >= WINDOW:
            if self._lines > LINES:
                log.warn("{program}: {count} lines left out", program=program, count=self._lines - LINES)
            self._begun_at = now
            self._lines = 0
        self._lines += 1
        if self._lines <= LINES:
            log.warn("{program}: {line}", program=program, line=_printable(line))
        elif self._lines == LINES + 1:
            log.warn("{program}: writes too many lines to log them all", program=program)


def _printable(line: bytes) -> str:
    """`line` without what could look like another line of the log, or steer a terminal."""
    text = line.decode("utf-8", "backslashreplace").rstrip("\r")
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


@implementer(IReadDescriptor)
class ErrorOutput(PipeEnd):
    """Reads standard error of one program line by line, at once, so that the program never waits.

    .. attribute:: over

       Whether nobody has it open any more.
    """

    def __init__(self, descriptor: int, reactor: Any, program: str, lines: ErrorLog) -> None:
        super().__init__(descriptor, reactor)
        self.over = False
        self.on_over: Any = None
        """Is called, without arguments, once it is over."""
        self._program = program
        self._log = lines
        self._begun = b""
        self._cut = False
        """Whether the rest of a line that was too long is being passed over."""
        reactor.addReader(self)

    def doRead(self) -> None:
        """Read what is there, up to a piece: others want their turn."""
        try:
            piece = os.read(self._descriptor, PIECE)
        except BlockingIOError:
            return
        if piece:
            self._take(piece)
        else:
            self.close()

    def drain(self) -> None:
        """Read what is left by a program that has ended, up to what a pipe holds."""
        if not self.over:
            self.doRead()
        if not self.over:
            self.doRead()

    def close(self) -> None:
        """Nothing more is wanted."""
        if not self.over:
            self.over = True
            self._close()
            if self._begun:
                self._say(self._begun)
            if self.on_over is not None:
                self.on_over()

    def connectionLost(self, reason: Failure) -> None:
        if not self.over:
            self.doRead()
        if not self.over:
            self._reactor.addReader(self)

    def _take(self, piece: bytes) -> None:
        *lines, begun = piece.split(b"\n")
        for line in lines:
            self._extend(line)
            if not self._cut:
                self._say(self._begun)
            self._begun, self._cut = b"", False
        self._extend(begun)

    def _extend(self, part: bytes) -> None:
        if self._cut:
            return
        self._begun += part[: LINE + 1]
        if len(self._begun) > LINE:
            self._cut = True
            self._say(self._begun[:LINE] + " …".encode())
            self._begun = b""

    def _say(self, line: bytes) -> None:
        self._log.say(self._program, line)
