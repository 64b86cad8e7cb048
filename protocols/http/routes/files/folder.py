"""A folder that can be read, and not left."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal, Self

Symlinks = Literal["none", "inside", "anywhere"]
"""Which symbolic links are followed: none; those that stay in the folder; all."""

VISIBLE: Final = ".well-known"
"""The one hidden name that is always shown: it is for others to find (RFC 8615)."""

STEPS: Final = 256
"""Names that are looked at on the way to one file; each folder on it is open meanwhile."""

LINKS: Final = 40
"""Symbolic links that are followed on that way, as many as Linux itself follows."""

_ABSENT: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EACCES,
        errno.EPERM,
        errno.ENXIO,
        errno.ENODEV,
        errno.EINVAL,
    }
)
"""What the system says of a file that there is not, or that is not for us.  Anything else, such as too many
open files or a broken disk, is no answer to the client's question."""

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

# A named pipe would hold up an open that does not say O_NONBLOCK; a terminal would become ours.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Step:
    """An open folder on the way."""

    descriptor: int
    up: Step | None


@dataclass(frozen=True, slots=True)
class Found:
    """A plain file, or a folder."""

    folder: Step
    """The folder itself, or that the file is in."""
    name: str
    """The file's name; empty for a folder."""
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return not self.name


@dataclass(frozen=True, slots=True)
class Item:
    """What a folder holds."""

    name: str
    is_folder: bool
    size: int
    """Bytes; of a folder, nothing that means anything."""
    modified: float
    """Seconds since 1970."""


class Folder:
    """The files below `root`, which may itself be a symbolic link, and may be replaced at any time.

    Nothing else can be reached: every name is looked up in the folder that was opened before it, so that
    nothing that is moved or replaced meanwhile leads elsewhere.

    :param symlinks: which symbolic links are followed.
    :param dotfiles: whether names that begin with a dot are shown; :data:`VISIBLE` always is.

    Raises :class:`NotADirectoryError` or another :class:`OSError` if `root` cannot be served.
    """

    def __init__(self, root: str | Path, *, symlinks: Symlinks = "none", dotfiles: bool = False) -> None:
        self.root = Path(root).absolute()
        self.symlinks = symlinks
        self._dotfiles = dotfiles
        if not stat.S_ISDIR(self.root.stat().st_mode):
            raise NotADirectoryError(f"{root} is not a folder")

    def visit(self) -> Visit:
        """A context in which files of the folder are found and opened."""
        return Visit(self)

    def names(self, rest: str) -> list[str] | None:
        """The names in `rest`, a decoded path with slashes; ``None`` if one of them is not to be seen."""
        names = rest.removesuffix("/").split("/") if rest else []
        return names if all(map(self.shows, names)) else None

    def shows(self, name: str) -> bool:
        """Whether `name` is one that may be asked for."""
        if name[:1] == ".":
            return name == VISIBLE or (self._dotfiles and name not in (".", ".."))
        return bool(name) and "\0" not in name and "/" not in name

    def items(self, names: Sequence[str], most: int) -> list[Item] | None:
        """What can be asked for in the folder that `names` lead to, `most` of it, in no order.

        ``None`` if there is no such folder, or if it cannot be read.  This waits for the disk.
        """
        try:
            with self.visit() as visit:
                found = visit.find(names)
                if found is None or not found.is_folder:
                    return None
                return list(islice(visit.items(found), most))
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise


class Visit:
    """Finds files of `folder`; every descriptor it opens is closed at its end, but for those of files."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._follows = folder.symlinks == "anywhere"
        self._opened: list[int] = []
        self._top = Step(os.open(folder.root, _FOLDER), None)
        self._opened.append(self._top.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        for descriptor in self._opened:
            os.close(descriptor)

    def find(self, names: Iterable[str]) -> Found | None:
        """What `names` lead to from the top; ``None`` if there is nothing to see."""
        return self._absent_is_none(self._top, names)

    def beside(self, found: Found, name: str) -> Found | None:
        """What is called `name` in the folder that `found` is, or is in."""
        return self._absent_is_none(found.folder, (name,))

    def open(self, found: Found) -> tuple[int, os.stat_result] | None:
        """A descriptor of a file that was found, and what it is; ``None`` if it is no plain file any more."""
        flags = _FILE if self._follows else _FILE | os.O_NOFOLLOW
        try:
            descriptor = os.open(found.name, flags, dir_fd=found.folder.descriptor)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return None
        return descriptor, status

    def items(self, folder: Found) -> Iterator[Item]:
        """What can be asked for in a folder that was found.

        Raises :class:`OSError` if it cannot be read.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(".", flags, dir_fd=folder.folder.descriptor)
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    item = self._item(folder, entry.name)
                    if item is not None:
                        yield item
        finally:
            os.close(descriptor)

    def _item(self, folder: Found, name: str) -> Item | None:
        if not self._folder.shows(name) or not _can_be_asked_for(name):
            return None
        before = len(self._opened)
        found = self.beside(folder, name)
        while len(self._opened) > before:
            os.close(self._opened.pop())
        if found is None:
            return None
        return Item(name, found.is_folder, found.status.st_size, found.status.st_mtime)

    def _absent_is_none(self, start: Step, names: Iterable[str]) -> Found | None:
        try:
            return self._walk(start, deque(names))
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        except ValueError:
            return None  # a name that no file can have

    def _walk(self, at: Step, names: deque[str]) -> Found | None:
        links = 0
        for _ in range(STEPS):
            if not names:
                return Found(at, "", os.fstat(at.descriptor))
            name = names.popleft()
            if name in ("", "."):
                continue
            if name == "..":  # no client's, but a link's: the folder we came from, wherever it is now
                if at.up is None:
                    return None
                at = at.up
                continue
            status = os.stat(name, dir_fd=at.descriptor, follow_symlinks=self._follows)
            kind = stat.S_IFMT(status.st_mode)
            if kind == stat.S_IFDIR:
                at = self._enter(at, name)
            elif kind == stat.S_IFREG:
                return None if names else Found(at, name, status)
            elif kind == stat.S_IFLNK and self._folder.symlinks == "inside" and links < LINKS:
                links += 1
                target = self._inside(os.readlink(name, dir_fd=at.descriptor))
                if target is None:
                    return None
                at = self._top if target[0] == "/" else at
                names.extendleft(reversed(target.split("/")))
            else:
                return None
        return None

    def _enter(self, at: Step, name: str) -> Step:
        flags = _FOLDER if self._follows else _FOLDER | os.O_NOFOLLOW
        descriptor = os.open(name, flags, dir_fd=at.descriptor)
        self._opened.append(descriptor)
        return Step(descriptor, at)

    def _inside(self, target: str) -> str | None:
        """The target of a link; a path from the top where it is absolute, ``None`` where that is outside."""
        if not target.startswith("/"):
            return target or None
        for root in (str(self._folder.root), os.path.realpath(self._folder.root)):
            if target == root or target.startswith(root.rstrip("/") + "/"):
                return "/" + target[len(root) :]
        return None


def _can_be_asked_for(name: str) -> bool:
    """Whether a URL can hold it: no control character, and UTF-8."""
    return not any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in name)
