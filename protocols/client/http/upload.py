"""What is sent as it is read, however long it is."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK = 64 * 1024
"""Bytes read at a time."""

Progress = Callable[[int, int | None], None]
"""Told the bytes that have been read so far, and those there are, if that is known."""


class Upload:
    """The content of a file, or of whatever can be read, such as standard input.

    :param source: a path, or a binary file that is open; that is read from where it stands.
    :param progress: told after each piece.
    :param name: what a form says the file is called; the name of the path unless given.

    Raises :class:`OSError` if the file cannot be opened.
    """

    def __init__(
        self, source: Path | str | BinaryIO, progress: Progress | None = None, name: str | None = None
    ) -> None:
        self._owned = isinstance(source, Path | str)
        self.file: BinaryIO = (
            open(source, "rb") if isinstance(source, Path | str) else source  # noqa: PTH123, SIM115 - close() does
        )
        self.name = name or (Path(source).name if isinstance(source, Path | str) else "upload")
        self._progress = progress
        self._sent = 0
        self._start, self.length = _extent(self.file)

    @property
    def repeatable(self) -> bool:
        """Whether it can be read once more."""
        return self._start is not None

    def rewind(self) -> None:
        """Begin anew, where that is possible."""
        self._sent = 0
        if self._start is not None:
            self.file.seek(self._start)

    def read(self, size: int = CHUNK) -> bytes:
        """The next piece; empty at the end."""
        piece = self.file.read(min(size, CHUNK) if size > 0 else CHUNK)
        self._sent += len(piece)
        if self._progress is not None and piece:
            self._progress(self._sent, self.length)
        return piece

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        while piece := self.read():
            yield piece

    async def pieces_async(self) -> AsyncIterator[bytes]:
        """All of it, read by threads, as a pipe or a disk may be slow."""
        while piece := await asyncio.to_thread(self.read):
            yield piece

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._owned:
            self.file.close()

    # What the library for multipart looks at, to know the length.

    def fileno(self) -> int:
        return self.file.fileno()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and self._start is not None:
            self._sent = 0
            offset += self._start
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell() - (self._start or 0)


def _extent(file: BinaryIO) -> tuple[int | None, int | None]:
    """Where `file` stands and how many bytes follow, as far as can be told."""
    try:
        start = file.tell()
    except (OSError, ValueError):
        return None, None
    try:
        status = os.fstat(file.fileno())
    except OSError:
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
        return start, end - start
    return (start, status.st_size - start) if stat.S_ISREG(status.st_mode) else (None, None)
