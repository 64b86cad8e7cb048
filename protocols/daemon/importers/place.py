"""Where something stands in a source, and what is wrong there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocols.daemon.printable import printable


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file."""

    file: str
    """As the operator named it."""
    line: int = 0
    """Counted from 1; 0 where the file as a whole is meant."""

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}" if self.line else self.file)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a source, so that nothing can be made of it."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class SourceError(Exception):
    """A source cannot be read, or is not what it should be; ``faults`` holds all that was found, in order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


class ValueFault(ValueError):  # noqa: N818 - its place makes it a fault
    """A value that is none; who knows where it stands makes a :class:`Fault` of it."""
