"""The text of a unit file (systemd.syntax(7)): sections and assignments, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from protocols.daemon.importers.place import Fault, Place, SourceError
from protocols.daemon.importers.source_text import check_encodable

_SECTION: Final = re.compile(r"\[(?P<name>[^\[\]]+)\]")

TRUE: Final = ("1", "yes", "y", "true", "t", "on")
FALSE: Final = ("0", "no", "n", "false", "f", "off")


@dataclass(frozen=True, slots=True)
class Assignment:
    """A line ``key=value``, lines that continue it included."""

    section: str
    key: str
    value: str
    place: Place
    """Its first line."""

    def fault(self, text: str) -> SourceError:
        """What to raise where the value is none."""
        return SourceError([Fault(self.place, f"{self.key}: {text}")])


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file."""

    name: str
    """The name of the file, without its folder: ``echo@.service``."""
    file: str
    """As messages call it."""
    assignments: tuple[Assignment, ...]

    @property
    def stem(self) -> str:
        """The name without its type, and without ``@``."""
        return self.name.rpartition(".")[0].partition("@")[0]

    @property
    def place(self) -> Place:
        """The file as a whole."""
        return Place(self.file)

    def all(self, section: str, key: str) -> list[Assignment]:
        """All that is assigned to `key` since it was last made empty."""
        found: list[Assignment] = []
        for one in self.assignments:
            if (one.section, one.key) != (section, key):
                continue
            if one.value:
                found.append(one)
            else:
                found.clear()
        return found

    def last(self, section: str, key: str) -> Assignment | None:
        """What is assigned to `key` at last, if anything."""
        found = self.all(section, key)
        return found[-1] if found else None

    def text(self, section: str, key: str) -> str:
        """The value of `key`; empty where it has none."""
        found = self.last(section, key)
        return "" if found is None else found.value

    def flag(self, section: str, key: str) -> bool:
        """Whether `key` is true; unless said, it is false.  Raises :class:`SourceError`."""
        found = self.last(section, key)
        return found is not None and truth(found)


def truth(assignment: Assignment) -> bool:
    """The value of `assignment` as systemd reads booleans.  Raises :class:`SourceError`."""
    value = assignment.value.lower()
    if value not in (*TRUE, *FALSE):
        raise assignment.fault(f"yes or no is expected, not {assignment.value[:40]!r}")
    return value in TRUE


def parse(text: str, name: str, file: str) -> Unit:
    """The unit in `text`, called `name`; messages call its file `file`.

    Raises :class:`SourceError` with all its faults.
    """
    faults: list[Fault] = []
    assignments: list[Assignment] = []
    section = ""
    for number, line in _whole_lines(text):
        place = Place(file, number)
        head = _SECTION.fullmatch(line)
        key, equals, value = line.partition("=")
        if head:
            section = head["name"]
        elif not equals or not key.strip() or line.startswith("["):
            faults.append(Fault(place, f"[Section] or Key=value is expected, not {line[:40]!r}"))
        elif not section:
            faults.append(Fault(place, f"{key.strip()[:40]!r} stands before any [Section]"))
        elif wrong := check_encodable([line]):
            faults.append(Fault(place, wrong))
        else:
            assignments.append(Assignment(section, key.strip(), value.strip(), place))
    if faults:
        raise SourceError(faults)
    return Unit(name, file, tuple(assignments))


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined by a blank with the next one."""
    begun, first = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip()
        if line.lstrip().startswith(("#", ";")) or not (line.strip() or begun):
            continue
        first = first if begun else number
        if line.endswith("\\"):
            begun += line[:-1].lstrip() + " " if not begun else line[:-1] + " "
            continue
        yield first, (begun + line).strip()
        begun = ""
    if begun.strip():
        yield first, begun.strip()
