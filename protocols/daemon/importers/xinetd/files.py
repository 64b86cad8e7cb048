"""A file of xinetd with all that it includes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from protocols.daemon.importers.imported import NotCarriedOver
from protocols.daemon.importers.place import Fault, SourceError
from protocols.daemon.importers.source_text import read_source
from protocols.daemon.importers.xinetd.parser import Entry, Include, parse

MAX_DEPTH = 16
"""Includes within includes; more is a file that includes itself."""

MAX_FILES = 10_000
"""Files of one configuration."""


@dataclass(slots=True)
class Entries:
    """What the files hold, in the order in which xinetd meets it."""

    services: list[Entry] = field(default_factory=list)
    defaults: Entry | None = None
    files: list[str] = field(default_factory=list)
    missed: list[NotCarriedOver] = field(default_factory=list)
    """Includes that could not be followed."""


def read_entries(texts: Mapping[str, str]) -> Entries:
    """The entries of files, whose texts have been read, and of the files that these include: one
    configuration, in which each file counts once.

    Raises :class:`SourceError` with the faults of all of them.
    """
    reading = _Reading()
    for file, text in texts.items():
        reading.take(Path(file), text, 0)
    if reading.faults:
        raise SourceError(reading.faults)
    return reading.entries


class _Reading:
    def __init__(self) -> None:
        self.entries = Entries()
        self.faults: list[Fault] = []
        self._seen: set[Path] = set()

    def take(self, file: Path, text: str, depth: int) -> None:
        """Take in the entries of `text`."""
        if file.resolve() in self._seen:
            return
        self._seen.add(file.resolve())
        self.entries.files.append(str(file))
        try:
            found = parse(text, str(file))
        except SourceError as error:
            self.faults += error.faults
            return
        for part in found:
            if isinstance(part, Include):
                self._include(part, file, depth)
            elif part.is_defaults:
                self._defaults(part)
            else:
                self.entries.services.append(part)

    def _defaults(self, entry: Entry) -> None:
        if self.entries.defaults is None:
            self.entries.defaults = entry
        else:
            text = f"xinetd takes only the first, at {self.entries.defaults.place}"
            self.entries.missed.append(NotCarriedOver(entry.place, "defaults", text))

    def _include(self, include: Include, file: Path, depth: int) -> None:
        what = f"{'includedir' if include.is_folder else 'include'} {include.path}"
        if depth == MAX_DEPTH or len(self.entries.files) >= MAX_FILES:
            self.faults.append(Fault(include.place, f"{what}: too many files include one another"))
            return
        path = file.parent / include.path
        try:
            names = _names(path) if include.is_folder else [path]
        except OSError as error:
            self._missing(include, what, error.strerror)
            return
        for name in names:
            try:
                text = read_source(name)
            except SourceError as error:
                if name.exists():
                    self.faults += error.faults
                else:
                    self._missing(include, what, "no such file")
            else:
                self.take(name, text, depth + 1)

    def _missing(self, include: Include, what: str, why: str | None) -> None:
        text = f"cannot be read here ({why}); give its files to `polyport import` as well"
        self.entries.missed.append(NotCarriedOver(include.place, what, text))


def _names(folder: Path) -> list[Path]:
    """The files of `folder` that xinetd reads: by name, without those with a dot or a tilde at the end."""
    found = (path for path in folder.iterdir() if "." not in path.name and not path.name.endswith("~"))
    return sorted((path for path in found if path.is_file()), key=lambda path: path.name.encode())
