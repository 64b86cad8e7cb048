"""Where the values of a configuration came from, so that every message can say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from protocols.daemon.document import Place, Spot
from protocols.daemon.problems import Path, Problem, path_text
from protocols.daemon.redaction import Redactor

HIDDEN = "the value that the reference to a secret gives is not accepted here"


class Origin:
    """The place of every value of one configuration, and which of them are secrets."""

    def __init__(self, file: FilePath, positions: Mapping[Path, Spot]) -> None:
        self.file = file
        """The main YAML file, as the operator named it."""
        self.folder = file.parent.absolute()
        """Where relative paths begin."""
        self.hidden: frozenset[Path] = frozenset()
        """Paths of values that a secret went into: no message may show anything of them."""
        self.redact = Redactor()
        """Masks the secrets themselves, where they have got into a text on another way."""
        self._positions = positions

    def known(self, path: Path) -> Path:
        """The longest beginning of `path` that stands in a file, as it is written there."""
        return self.split(path)[0]

    def split(self, path: Path) -> tuple[Path, Path]:
        """The longest beginning of `path` that stands in a file, as it is written there, and the rest.

        What short forms leave out is not part of it: the key that a list alone stands for, and the index of
        a value that stands alone for a list.
        """
        found: Path = ()
        for index, step in enumerate(path):
            if (*found, step) in self._positions:
                found = (*found, step)
            elif isinstance(step, str) and not self._is_list(found, path[index + 1 : index + 2]):
                return found, path[index:]
        return found, ()

    def _is_list(self, path: Path, step: Path) -> bool:
        return bool(step) and isinstance(step[0], int) and (*path, *step) in self._positions

    def hides(self, path: Path) -> bool:
        """Whether a secret went into something at `path`."""
        return any(hidden[: len(path)] == path or path[: len(hidden)] == hidden for hidden in self.hidden)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where the value at `path` stands, or its key, or what is nearest around it."""
        spot = self._positions.get(self.known(path))
        if spot is None:
            return Place(str(self.file), 0, 0)
        return spot.key if key else spot.value

    def shown(self, file: FilePath) -> str:
        """`file` for a message: relative to the folder of the YAML where it is inside."""
        return str(file.relative_to(self.folder) if file.is_relative_to(self.folder) else file)

    def problem(self, path: Path, message: str, *, key: bool = False, safe: bool = False) -> Problem:
        """A problem with the value at `path`, or with its key.

        `message` is replaced where a secret went into the value, or into something inside of it, unless it
        is `safe`: written so that it shows nothing of the value.
        """
        known = self.known(path)
        if self.hides(known) and not (key or safe):
            message = HIDDEN
        return Problem(*self.place(known, key=key), path_text(known), self.redact(message))
