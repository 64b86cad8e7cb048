"""A service as it was found in a source, in the terms of Polyport's YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from protocols.daemon.importers.place import Place

_TAIL = ("tls", "access", "limits", "log")


@dataclass(frozen=True, slots=True, order=True)
class NotCarriedOver:
    """Something that a source says, and the YAML does not."""

    place: Place
    what: str
    """The setting, in the source's words."""
    why: str
    """Why, and what to do instead: one sentence without a full stop."""
    is_grave: bool = False
    """Whether the service must not run without it: it would let more people in, or do something else."""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: {self.why}"


@dataclass(slots=True)
class ImportedService:
    """A service: its settings, what of it was not carried over, and what is worth knowing."""

    name: str
    """As the source calls it; in the YAML it has a name that the YAML takes."""
    place: Place
    listen: list[str] = field(default_factory=list)
    """Addresses as URLs."""
    answer: dict[str, Any] = field(default_factory=dict)
    """One key, such as ``program``, and its settings."""
    around: dict[str, Any] = field(default_factory=dict)
    """``tls``, ``access``, ``limits`` and ``log``, as far as there is something to say."""
    is_enabled: bool = True
    missed: list[NotCarriedOver] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is worth knowing though nothing is lost: one sentence each."""
    besides: list[str] = field(default_factory=list)
    """Files that its values are from, besides those that say what it is."""
    _seen: set[NotCarriedOver] = field(default_factory=set, repr=False)
    is_possible: bool = True
    """Whether Polyport can have such a service at all; if not, ``missed`` says why."""

    def miss(self, place: Place, what: str, why: str, *, is_grave: bool = False) -> None:
        """Note what is not carried over; see :class:`NotCarriedOver`."""
        note = NotCarriedOver(place, what, why, is_grave)
        if note not in self._seen:
            self._seen.add(note)
            self.missed.append(note)

    def refuse(self, place: Place, what: str, why: str) -> None:
        """Note why there can be no such service."""
        self.is_possible = False
        self.miss(place, what, why, is_grave=True)

    def remark(self, text: str) -> None:
        """Note what is worth knowing."""
        if text not in self.remarks:
            self.remarks.append(text)

    @property
    def notes(self) -> list[NotCarriedOver]:
        """What was not carried over, line by line."""
        return sorted(self.missed, key=lambda note: note.place)

    @property
    def is_held_back(self) -> bool:
        """Whether it would run, were there not something that it must not run without."""
        return self.is_enabled and any(note.is_grave for note in self.missed)

    @property
    def settings(self) -> dict[str, Any]:
        """The service as the YAML has it, in the order of the manual."""
        listen: str | list[str] = self.listen[0] if len(self.listen) == 1 else self.listen
        settings: dict[str, Any] = {"listen": listen, **self.answer}
        settings |= {key: self.around[key] for key in _TAIL if self.around.get(key)}
        if not self.is_enabled or self.is_held_back:
            settings["enabled"] = False
        return settings


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was read."""

    file: str
    """As messages call it."""
    kind: str = ""
    """What it was taken for; empty for what is no file."""

    def __str__(self) -> str:
        return f"{self.file} ({self.kind})" if self.kind else self.file


@dataclass(slots=True)
class Import:
    """All that was found."""

    services: list[ImportedService] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    """What was read, in order."""
    missed: list[NotCarriedOver] = field(default_factory=list)
    """What belongs to no service."""
    remarks: list[str] = field(default_factory=list)

    def add(self, other: Import) -> None:
        """Add what was found elsewhere."""
        self.services += other.services
        self.sources += other.sources
        self.missed += other.missed
        self.remarks += [remark for remark in other.remarks if remark not in self.remarks]

    @property
    def all_missed(self) -> list[NotCarriedOver]:
        """Everything that was not carried over, in the order of the sources."""
        return [*self.missed, *(note for service in self.services for note in service.notes)]
