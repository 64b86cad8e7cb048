"""The text of one file of xinetd: entries, attributes and includes, with their places.

As xinetd's own parser has it: an entry is a line with its kind and name, a line with only ``{``, a line for
each attribute (``name = value …``, a space before the operator), and a line with only ``}``.  Nothing is
quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from protocols.daemon.importers.place import Fault, Place, SourceError
from protocols.daemon.importers.source_text import check_encodable

Operator: TypeAlias = Literal["=", "+=", "-="]

_ATTRIBUTE: Final = re.compile(r"(?P<name>[^\s=]+)(?P<space>\s*)(?P<operator>[+-]?=)(?P<values>.*)")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A line of an entry."""

    name: str
    operator: Operator
    values: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """``service NAME`` or ``defaults``, and what stands between its braces."""

    name: str
    """Empty for ``defaults``."""
    attributes: tuple[Attribute, ...]
    place: Place

    @property
    def is_defaults(self) -> bool:
        return not self.name


@dataclass(frozen=True, slots=True)
class Include:
    """``include FILE`` or ``includedir FOLDER``."""

    path: str
    is_folder: bool
    place: Place


@dataclass(frozen=True, slots=True)
class _Line:
    place: Place
    text: str


def parse(text: str, file: str) -> list[Entry | Include]:
    """What stands in `text`, which messages call `file`.  Raises :class:`SourceError` with all its faults."""
    faults: list[Fault] = []
    lines = iter(
        [
            _Line(Place(file, number), line.strip())
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
    )
    found = list(_entries(lines, faults))
    if faults:
        raise SourceError(faults)
    return found


def _entries(lines: Iterator[_Line], faults: list[Fault]) -> Iterator[Entry | Include]:
    for line in lines:
        keyword, *words = line.text.split()
        if wrong := check_encodable(words):
            faults.append(Fault(line.place, wrong))
        if keyword in ("include", "includedir"):
            if words:
                yield Include(words[0], keyword == "includedir", line.place)
            else:
                faults.append(Fault(line.place, f"{keyword} names nothing"))
        elif keyword == "service" or keyword == "defaults":
            if keyword == "service" and not words:
                faults.append(Fault(line.place, "a service has a name, as in `service finger`"))
            name = words[0] if keyword == "service" and words else ""
            attributes = _attributes(line, lines, faults)
            if attributes is not None:
                yield Entry(name, tuple(attributes), line.place)
        else:
            text = f"service, defaults, include or includedir is expected here, not {keyword[:40]!r}"
            faults.append(Fault(line.place, text))


def _attributes(head: _Line, lines: Iterator[_Line], faults: list[Fault]) -> list[Attribute] | None:
    begin = next(lines, None)
    if begin is None or begin.text != "{":
        place = head.place if begin is None else begin.place
        text = 'after the name of an entry a line with only "{" is expected'
        faults.append(Fault(place, text))
        # What follows belongs to the entry all the same: one fault is enough.
        if begin is None or begin.text == "}":
            return None
    attributes: list[Attribute] = []
    for line in lines:
        if line.text == "}":
            return attributes
        attribute = _attribute(line, faults)
        if attribute is not None:
            attributes.append(attribute)
    faults.append(Fault(head.place, 'the entry that begins here has no "}"'))
    return None


def _attribute(line: _Line, faults: list[Fault]) -> Attribute | None:
    match = _ATTRIBUTE.fullmatch(line.text)
    if match is None:
        faults.append(Fault(line.place, "an attribute is expected, as in `wait = no`"))
        return None
    name, operator, values = match["name"], match["operator"], tuple(match["values"].split())
    if not match["space"]:
        text = f"{name[:40]!r} needs a space before its operator, or xinetd refuses it"
        # With "a+=b" the sign belongs to the name, as xinetd reads it.
        faults.append(Fault(line.place, text))
        return None
    if wrong := check_encodable([name, *values]):
        faults.append(Fault(line.place, wrong))
        return None
    return Attribute(name, cast("Operator", operator), values, line.place)
