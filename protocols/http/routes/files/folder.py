"""A folder that can be read, and not left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from protocols.http.source import PIECE, Source

VISIBLE = ".well-known"
"""The one hidden name that is shown: it is for others to find (RFC 8615)."""


class Folder:
    """The files below `root`.

    Nothing else can be reached: not through ``..``, not through a symbolic link that leads out; hidden
    files do not show, nor does what is no plain file.

    Raises :class:`NotADirectoryError` or another :class:`OSError` if `root` cannot be served.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = os.path.realpath(root, strict=True)
        if not Path(self.root).is_dir():
            raise NotADirectoryError(f"{root} is not a folder")

    def locate(self, rest: str) -> str | None:
        """The real path of `rest`, a decoded path with slashes; ``None`` if there is nothing to see."""
        names = rest.removesuffix("/").split("/") if rest else []
        if not all(_shows(name) for name in names):
            return None
        try:
            path = os.path.realpath(os.path.join(self.root, *names), strict=True)  # noqa: PTH118
        except (OSError, ValueError):
            return None
        inside = path == self.root or path.startswith(os.path.join(self.root, ""))  # noqa: PTH118
        return path if inside else None

    def open(self, path: str) -> tuple[int, os.stat_result] | None:
        """A descriptor of the plain file at `path`, as :meth:`locate` gave it, and what it is."""
        try:
            # A named pipe would hold up the open; a link may have come in between.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            return None
        return descriptor, found

    def names(self, path: str, most: int) -> list[str] | None:
        """The names in the folder at `path`, sorted, `most` of them; folders end in a slash.

        ``None`` if it cannot be read.
        """
        names = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if _shows(entry.name) and entry.name.isprintable():
                        names.append(entry.name + "/" * entry.is_dir())
                    if len(names) == most:
                        break
        except OSError:
            return None
        return sorted(names)


def _shows(name: str) -> bool:
    hidden = not name or (name.startswith(".") and name != VISIBLE)
    return not (hidden or "\0" in name or "/" in name or "\\" in name)


class FileSource(Source):
    """A part of an open file, a piece per turn; it owns `descriptor` and closes it."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        self._descriptor = descriptor
        self._at = start
        self._end = start + length
        self.length = length

    def read(self) -> bytes | None:
        if self._at == self._end:
            return None
        piece = os.pread(self._descriptor, min(PIECE, self._end - self._at), self._at)
        if not piece:
            raise EOFError("the file became shorter while it was sent")
        self._at += len(piece)
        return piece

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
