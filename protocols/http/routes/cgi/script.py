"""Which script a path means."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from protocols.http.errors import HTTPError

NPH = "nph-"
"""How the name of a script begins that writes the whole response itself (RFC 3875, section 5)."""


@dataclass(frozen=True, slots=True)
class Script:
    """A program to run, and how a path divides at it."""

    arguments: tuple[str, ...]
    folder: str
    """Its current folder: the one it is in (RFC 3875, section 7.2)."""
    name: str
    """The path below the route that means it; empty where the route itself does."""
    info: str
    """The rest of the path, from the slash on; empty if there is none."""
    file: str
    """The path of the script in the file system."""
    takes_words: bool
    """Whether the words of an indexed query may become its arguments."""

    @property
    def writes_head(self) -> bool:
        """Whether it writes a status line and all header fields itself."""
        return self.name.rpartition("/")[2].startswith(NPH)


class Scripts(Protocol):
    """Where scripts are found."""

    @property
    def root(self) -> str:
        """The folder that PATH_TRANSLATED begins with, unless another is named."""

    def find(self, rest: str) -> Script:
        """The script that `rest`, a decoded path below the route, means.

        Raises :class:`HTTPError` (403, 404) where there is none.
        """


class ScriptFolder:
    """The programs in `folder` and its folders: the first plain file along the path is the script.

    No path leads out of it, neither does a symbolic link; hidden files are not there.

    :param interpreters: by suffix (``.py``), what runs the files that need not be executable.

    Raises :class:`OSError` if `folder` is none, or there is no such interpreter.
    """

    def __init__(self, folder: str | Path, interpreters: Mapping[str, Sequence[str]]) -> None:
        self.root = os.path.realpath(folder, strict=True)
        if not Path(self.root).is_dir():
            raise NotADirectoryError(f"{folder} is not a folder")
        self._interpreters = {suffix: _found(command) for suffix, command in interpreters.items()}

    def find(self, rest: str) -> Script:
        names = rest.split("/")
        path = self.root
        for depth, name in enumerate(names, 1):
            if not name or name.startswith("."):
                break
            path = os.path.join(path, name)  # noqa: PTH118 - a tenth of what pathlib takes
            try:
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    path = self._resolved(path)
                    mode = os.lstat(path).st_mode
            except (OSError, ValueError):
                break
            if stat.S_ISREG(mode):
                info = "".join(f"/{other}" for other in names[depth:])
                return self._script(path, "/".join(names[:depth]), info)
            if not stat.S_ISDIR(mode):
                break
        raise HTTPError(404)

    def _resolved(self, link: str) -> str:
        """Where a symbolic link leads.  Raises :class:`OSError` if that is outside, or nowhere."""
        path = os.path.realpath(link, strict=True)
        if not path.startswith(os.path.join(self.root, "")):  # noqa: PTH118
            raise FileNotFoundError(path)
        return path

    def _script(self, file: str, name: str, info: str) -> Script:
        interpreter = self._interpreters.get(os.path.splitext(name)[1])  # noqa: PTH122
        if not os.access(file, os.X_OK if interpreter is None else os.R_OK):
            raise HTTPError(403, "This is not a program")
        return Script((*(interpreter or ()), file), os.path.dirname(file), name, info, file, True)  # noqa: PTH120


class OneProgram:
    """One program for every path: `arguments` are the program and what it is always told.

    Raises :class:`FileNotFoundError` if there is no such program.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = _found(arguments)
        self._file = os.path.realpath(self._arguments[0])
        self.root = os.path.dirname(self._file)  # noqa: PTH120

    def find(self, rest: str) -> Script:
        # The operator says what its arguments are; a client has no say in them.
        return Script(self._arguments, self.root, "", f"/{rest}" if rest else "", self._file, False)


def _found(arguments: Sequence[str]) -> tuple[str, ...]:
    """`arguments`, with the path of the program in the place of its name."""
    found = shutil.which(arguments[0])
    if found is None:
        raise FileNotFoundError(f"there is no program {arguments[0]} that can be run")
    return (str(Path(found).absolute()), *arguments[1:])
