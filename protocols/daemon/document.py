"""What a YAML file says, and where it says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from protocols.daemon.problems import Path, Problem


class Place(NamedTuple):
    """One character of one file."""

    file: str
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Spot(NamedTuple):
    """Where one value stands, and the key that leads to it (for a list's item: the item)."""

    key: Place
    value: Place


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read to its end."""

    data: Any
    """Dicts with text keys, lists, text, numbers, booleans and ``None``."""
    positions: dict[Path, Spot]
    """Where every value stands, by its path; ``()`` is the whole document."""
    problems: tuple[Problem, ...]
    """Faults that did not keep the rest of the file from being read."""
    faulty: frozenset[Path]
    """The paths of `problems`: what stands there is only a guess."""
