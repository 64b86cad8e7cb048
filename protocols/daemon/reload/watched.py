"""What a configuration was read from, and how that looks now."""

from __future__ import annotations

import glob
import os
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from protocols.daemon.include import MAX_FILES
from protocols.daemon.problems import ConfigError
from protocols.daemon.reload.user_code import UserCode
from protocols.daemon.yaml_reader import parse
from protocols.daemon.yaml_text import read_text

State = Mapping[Hashable, object]
"""How everything looks, each thing by itself."""

_Sign = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Watched:
    """Files, and where others may come."""

    folder: Path
    """Of the YAML file."""
    files: frozenset[Path]
    """Files that are read, that one too."""
    patterns: tuple[str, ...] = ()
    """What the YAML includes."""
    code: frozenset[Path] = frozenset()
    """Directories whose modules may be imported."""

    def state(self) -> State:
        """How it looks; where two are equal, nothing has changed."""
        return {
            **{file: _sign(file) for file in self.files},
            **{pattern: self._matches(pattern) for pattern in self.patterns},
            **{("code", directory): frozenset(_modules(directory)) for directory in self.code},
        }

    def directories(self) -> set[Path]:
        """Where something happens if it changes."""
        places = {self.folder, *self.code}
        for file in self.files:
            places |= {file.parent, Path(os.path.realpath(file)).parent}
        for pattern in self.patterns:
            places.update(self._places(pattern))
        found: set[Path] = set()
        for place in places:
            found |= {_nearest(place), *_links(place)}
        return found

    def _matches(self, pattern: str) -> frozenset[tuple[str, _Sign | None]]:
        names = _glob(pattern, self.folder)
        return frozenset((name, _sign(self.folder / name)) for name in names)

    def _places(self, pattern: str) -> Iterator[Path]:
        """The directories that files of `pattern` are in, or may come to be."""
        parts = Path(pattern).parts
        plain = next((index for index, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
        yield self.folder.joinpath(*parts[:plain])
        for index in range(plain + 1, len(parts)):
            beginning = os.path.join(*parts[:index], "")  # noqa: PTH118 - it ends in a slash
            yield from (self.folder / name for name in _glob(beginning, self.folder))


def watched_by(file: Path, code: UserCode) -> Watched:
    """What the YAML `file` is made of, as it stands there now, be it right or wrong."""
    read = code.files()
    return Watched(
        file.parent.absolute(),
        frozenset({file.absolute(), *read}),
        _patterns(file),
        frozenset({code.folder.folder, *(one.parent for one in read if one.suffix == ".py")}),
    )


def _patterns(file: Path) -> tuple[str, ...]:
    """The patterns of ``include``, of which there may be no valid ones yet."""
    name = str(file)
    try:
        return _included(read_text(file, name), name)
    except ConfigError:
        return ()


# This is asked twice for each reload, in the reactor's thread; to parse takes long, to read does not.
@lru_cache(maxsize=1)
def _included(text: str, name: str) -> tuple[str, ...]:
    """Those in `text`, that of the file `name`.  Raises :class:`ConfigError`, each time."""
    data = parse(text, name).data
    given = data.get("include") if isinstance(data, dict) else None
    patterns = given if isinstance(given, list) else [given]
    return tuple(one for one in patterns if isinstance(one, str) and one and "\0" not in one)


def _glob(pattern: str, folder: Path) -> list[str]:
    # Path.glob takes no absolute patterns.
    found = glob.iglob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
    return list(islice(found, MAX_FILES))


def _modules(directory: Path) -> Iterator[tuple[str, _Sign | None]]:
    """The modules in `directory`, without what editors put beside them for a while."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 - an eighth of the time of Path.iterdir
    except OSError:
        return
    for name in names:
        if name.endswith(".py") and not name.startswith("."):
            yield name, _sign(directory / name)


def _sign(file: Path) -> _Sign | None:
    """What shows that a file has changed; ``None`` if it is not there."""
    try:
        found = os.stat(file)  # noqa: PTH116 - a fifth of the time of Path.stat
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _nearest(directory: Path) -> Path:
    """`directory`, or what is nearest above it while it is not there."""
    while not directory.is_dir() and directory != directory.parent:
        directory = directory.parent
    return directory


def _links(directory: Path) -> Iterator[Path]:
    """Where the symbolic links stand by which `directory` is reached."""
    for one in (directory, *directory.parents):
        if one.is_symlink():
            yield one.parent
