"""What tests want to know of an import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.place import SourceError

T = TypeVar("T")


def only(found: Import) -> dict[str, Any]:
    """The settings of the only service of an import."""
    (service,) = found.services
    assert service.is_possible, service.missed
    return service.settings


def whys(found: Import) -> dict[str, bool]:
    """What was not carried over, and whether that is grave."""
    return {note.what: note.is_grave for note in found.all_missed}


def attempted(call: Callable[..., T], *arguments: object, **named: object) -> T | None:
    """The result of `call`; nothing if it found the source at fault, with a place for each fault."""
    try:
        return call(*arguments, **named)
    except SourceError as error:
        faults = error.faults
    assert faults
    assert all(fault.place.file and fault.message and "\n" not in str(fault) for fault in faults)
    return None
