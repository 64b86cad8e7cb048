"""What processes write, put together in one log: line by line, since a file has one writer only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LONGEST: Final = 256 * 1024
"""Bytes of a line that are waited for; what is longer is written in pieces."""


class Output:
    """Gives `write` the whole lines of each process, as text."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._begun: dict[int, bytes] = {}
        """By process id, the beginning of a line."""

    def __call__(self, pid: int, data: bytes) -> None:
        """The process `pid` has written `data`."""
        data = self._begun.pop(pid, b"") + data
        end = len(data) if len(data) > LONGEST else data.rfind(b"\n") + 1
        if end:
            text = data[:end].decode("utf-8", "backslashreplace")
            self._write(text if text.endswith("\n") else f"{text}\n")
        if end < len(data):
            self._begun[pid] = data[end:]
