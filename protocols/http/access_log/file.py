"""The file that lines go to: gathered, appended, and moved out of the way when asked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

GATHERED: Final = 64 * 1024
"""Characters of lines that are gathered before they are written."""

WRITE_EVERY: Final = 1.0
"""Seconds after which they are written in any case."""

MODE: Final = 0o640
"""Of a file that is made: who asks for what is not for everybody to read."""

COMPLAIN_EVERY: Final = 60.0
"""Seconds between two warnings that the file cannot be written."""

log = Logger(namespace="polyport")


class LineFile:
    """Appends lines to `path`, which is opened with the first of them.

    Each write is whole lines, so that several processes may append to one file.  Lines that cannot be
    written are dropped, which is said in the log: a full disk must not stop the service.
    """

    def __init__(self, path: Path, clock: IReactorTime) -> None:
        self._path = path
        self._clock = clock
        self._descriptor: int | None = None
        self._lines: list[str] = []
        self._size = 0
        self._next: IDelayedCall | None = None
        self._complained_at = -COMPLAIN_EVERY

    def write(self, line: str) -> None:
        """Append `line`, which ends in a line end, soon."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= GATHERED:
            self.flush()
        elif self._next is None:
            self._next = self._clock.callLater(WRITE_EVERY, self._write_late)

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if not self._lines:
            return
        octets = "".join(self._lines).encode("utf-8", "backslashreplace")
        self._lines.clear()
        self._size = 0
        try:
            if self._descriptor is None:
                self._descriptor = os.open(
                    self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE
                )
            while octets:
                octets = octets[os.write(self._descriptor, octets) :]
        except OSError as error:
            self._complain(error)

    def rotate(self) -> None:
        """Begin a new file: what is at the path becomes ``.1``, and older ones move up; where somebody else,
        such as logrotate, has moved it already, only the new one is begun."""
        self.flush()
        if self._descriptor is None:
            return
        ours = os.fstat(self._descriptor)
        self.close()
        try:
            if self._path.exists() and os.path.samestat(self._path.stat(), ours):
                self._move_up()
        except OSError as error:
            self._complain(error)

    def close(self) -> None:
        """Write what there is, and close; another line would open it again."""
        self.flush()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write_late(self) -> None:
        self._next = None
        self.flush()

    def _move_up(self) -> None:
        name = re.compile(re.escape(self._path.name) + r"\.([1-9]\d*)")
        numbers = [
            int(found[1]) for path in self._path.parent.iterdir() if (found := name.fullmatch(path.name))
        ]
        for number in sorted(numbers, reverse=True):
            self._numbered(number).rename(self._numbered(number + 1))
        self._path.rename(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _complain(self, error: OSError) -> None:
        now = self._clock.seconds()
        if now - self._complained_at >= COMPLAIN_EVERY:
            self._complained_at = now
            why = error.strerror or type(error).__name__
            log.warn("{file}: {why}; lines of the access log are lost", file=self._path, why=why)
