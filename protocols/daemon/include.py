"""``include``: certificates, networks, channels and services in further files."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from protocols.daemon import yaml_reader
from protocols.daemon.document import Document, Spot
from protocols.daemon.problems import ConfigError, Path, Problem, known_help, path_text, quoted
from protocols.daemon.yaml_text import read_text

SECTIONS = ("certificates", "networks", "channels", "services")
"""What an included file may hold."""
MAX_FILES = 1000
"""Files that one configuration may include, so that a careless pattern (/**) ends soon."""


class Sources:
    """The main file and all files it includes, as one tree of data.

    :param given: what was read once, by file: no file is read then.

    Raises :class:`ConfigError` if `file` is not YAML at all; what else is wrong is in ``problems``.
    """

    def __init__(self, file: FilePath, given: Mapping[str, str] | None = None) -> None:
        self.file = file
        self.texts: dict[str, str] = {}
        """What was read, by file."""
        self._given = given
        main = self._read(file)
        self.data: Any = main.data
        self.positions: dict[Path, Spot] = dict(main.positions)
        self.problems: list[Problem] = list(main.problems)
        self.faulty: set[Path] = set(main.faulty)
        self.complete = True
        """Whether every included file was read: if not, what seems missing may be in it."""
        if isinstance(self.data, dict):
            self._include_all(self.data.get("include"))

    def _include_all(self, patterns: Any) -> None:
        """Read what `patterns` match; what is not a pattern at all is for the schema to refuse."""
        if isinstance(patterns, str):
            patterns = [patterns]
        if self._given is not None:
            for name in self._given:
                if name != str(self.file):
                    self._include(FilePath(name))
            return
        if not isinstance(patterns, list):
            return
        files: dict[FilePath, None] = {}
        for index, pattern in enumerate(patterns):
            if isinstance(pattern, str):
                files.update(dict.fromkeys(self._matches(pattern, ("include", index))))
        for file in files:
            self._include(file)

    def _read(self, file: FilePath) -> Document:
        name = str(file)
        text = read_text(file, name) if self._given is None else self._given[name]
        self.texts[name] = text
        return yaml_reader.parse(text, name)

    def _matches(self, pattern: str, path: Path) -> list[FilePath]:
        folder = self.file.parent
        if not pattern or "\0" in pattern:
            self._fault(path, f"{quoted(pattern)} is no pattern of files")
            return []
        found: list[FilePath] = []
        # Path.glob takes no absolute patterns.
        for name in glob.iglob(pattern, root_dir=folder, recursive=True):  # noqa: PTH207
            if (folder / name).is_file() and not _same(folder / name, self.file):
                found.append(folder / name)
            if len(found) > MAX_FILES:
                self._fault(path, f"{quoted(pattern)} matches more than {MAX_FILES} files")
                return []
        if not found and not glob.has_magic(pattern):
            self._fault(path, f"there is no file {quoted(pattern)} in the folder of this file")
        return sorted(found)

    def _include(self, file: FilePath) -> None:
        try:
            document = self._read(file)
        except ConfigError as error:
            self.problems += error.problems
            self.complete = False
            return
        self.problems += document.problems
        if not isinstance(document.data, dict):
            self._other(
                document.positions[()],
                (),
                "a mapping with certificates, networks, channels or services is needed",
            )
            return
        for section, entries in document.data.items():
            self._section(section, entries, document.positions, document.faulty)

    def _section(
        self, section: str, entries: Any, positions: dict[Path, Spot], faulty: Iterable[Path]
    ) -> None:
        spot = positions[(section,)]
        if section not in SECTIONS:
            text = "an included file cannot hold this key"
            self._other(spot, (section,), text + known_help(section, SECTIONS, "known keys"))
            return
        if not isinstance(entries, dict):
            self._other(spot, (section,), "a mapping of names is expected here")
            return
        merged = self.data.setdefault(section, {})
        if not isinstance(merged, dict):
            return
        self.positions.setdefault((section,), spot)
        taken = set(merged)
        for name, entry in entries.items():
            if name in taken:
                first = self.positions[(section, name)].key
                text = f"this name stands already at {first}"
                self._other(positions[(section, name)], (section, name), text)
            else:
                merged[name] = entry
        ours = {(section, name) for name in entries if name not in taken}
        self.positions.update({p: spot for p, spot in positions.items() if p[:2] in ours})
        self.faulty.update(p for p in faulty if p[:2] in ours)

    def _fault(self, path: Path, message: str) -> None:
        spot = self.positions.get(path) or self.positions[path[:-1]]
        shown = path if path in self.positions else path[:-1]
        self.faulty.add(shown)
        self.problems.append(Problem(*spot.value, path_text(shown), message))

    def _other(self, spot: Spot, path: Path, message: str) -> None:
        self.problems.append(Problem(*spot.key, path_text(path), message))


def _same(one: FilePath, other: FilePath) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
