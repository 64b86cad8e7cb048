"""A file that came with a form."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, Final, Self

from protocols.http.source import PIECE

LONGEST: Final = 255
"""Bytes of a file name: more than that no common file system takes."""


class Upload:
    """A file that came with a form, as large as it may be; what is long is in a temporary file.

    Whoever reads the form closes it, and the temporary file is gone; a route does so by itself once the
    response has been sent.

    :param name: the form field it came in.
    :param filename: what the client calls it; see :func:`plain_name`.
    :param content_type: the media type that the client claims.
    :param memory: bytes that are held in memory.
    """

    def __init__(
        self, name: str, filename: str = "", content_type: str = "", *, memory: int = 64 * 1024
    ) -> None:
        self.name = name
        self.filename = plain_name(filename)
        """The file's name: never a path, never hidden; empty if the client gave none that could be one."""
        self.content_type = content_type or "application/octet-stream"
        """What the client says it is, which may be wrong."""
        self.size = 0
        """Bytes of the whole."""
        self._memory = memory
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=memory)  # noqa: SIM115

    @property
    def file(self) -> IO[bytes]:
        """The content as a file, for libraries that read one."""
        return self._file

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it is on a disk."""
        return self.size <= self._memory

    def write(self, piece: bytes) -> None:
        """Add `piece`; for whoever takes the form apart."""
        self._file.write(piece)
        self.size += len(piece)

    def rewind(self) -> None:
        """The next read begins at the first byte."""
        self._file.seek(0)

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, or all that are left; none at the end.  For functions in threads."""
        return self._file.read(size)

    async def aread(self, size: int = -1) -> bytes:
        """As :meth:`read`, for an ``async def``: no disk holds the daemon up."""
        if self.in_memory:
            return self._file.read(size)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a reactor without asyncio
            return self._file.read(size)
        return await loop.run_in_executor(None, self._file.read, size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is left, piece by piece."""
        while piece := await self.aread(PIECE):
            yield piece

    def save_to(self, path: str | os.PathLike[str], *, replace: bool = False) -> Path:
        """Write the whole of it to the file `path`, whose folder there must be; blocks meanwhile.

        Raises :class:`FileExistsError` unless it may `replace` a file, and :class:`OSError`.  A file that
        could not be written whole is removed.
        """
        target = Path(path)
        writing = target.with_name(f".{target.name[:100]}.{os.urandom(8).hex()}") if replace else target
        self.rewind()
        with writing.open("xb") as file:
            try:
                shutil.copyfileobj(self._file, file, PIECE)
                file.flush()
                if replace:
                    writing.replace(target)
            except BaseException:
                writing.unlink(missing_ok=True)
                raise
        return target

    def close(self) -> None:
        """Let go of the content."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Upload {self.name}: {self.filename!r}, {self.content_type}, {self.size} bytes>"


def plain_name(text: str) -> str:
    """What of `text` can be the name of a file: the last segment of a path of whatever system, without
    characters that do not show, without dots in front, cut to :data:`LONGEST` bytes before its suffix."""
    last = re.split(r"[/\\]", text)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip().lstrip(". ")
    if len(shown.encode()) <= LONGEST:
        return shown
    suffix = PurePosixPath(shown).suffix
    suffix = suffix if len(suffix.encode()) <= 32 else ""
    stem = shown.removesuffix(suffix).encode()[: LONGEST - len(suffix.encode())]
    return stem.decode("utf-8", "ignore") + suffix
