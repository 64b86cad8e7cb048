"""The YAML that an import is written as."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.importers.imported import Import, ImportedService
from protocols.daemon.importers.service_names import ServiceNames
from protocols.daemon.importers.yaml_writer import block, comment, key_text

_CHECK = "`polyport check FILE` tells whether it can be started; `polyport run FILE` starts it."
_HELD_BACK = "not enabled, because it must not run without what is told above; once that is settled, remove:"


def document(found: Import) -> str:
    """The whole file: where it came from, what was not carried over, and the services with comments."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Import) -> Iterator[str]:
    yield from comment("Made by `polyport import` of:")
    for source in found.sources:
        yield from comment(f"  {source}", hanging="    ")
    yield from comment(_CHECK)
    for remark in found.remarks:
        yield from comment(f"Note: {remark}.")
    for note in found.missed:
        yield from comment(f"NOT CARRIED OVER: {note}")
    possible = [service for service in found.services if service.is_possible]
    yield ""
    if possible:
        yield "services:"
    names = ServiceNames()
    for service in possible:
        yield from _service(names.take(service.name), service)
    for service in found.services:
        if not service.is_possible:
            yield from _impossible(service)


def _service(name: str, service: ImportedService) -> Iterator[str]:
    yield from comment(f"{service.name}, from {service.place}", 2)
    yield f"  {key_text(name)}:"
    for remark in service.remarks:
        yield from comment(f"{remark}.", 4)
    for note in service.notes:
        yield from comment(f"NOT CARRIED OVER: {note}", 4)
    settings = service.settings
    enabled = settings.pop("enabled", None)
    yield from block(settings, 4)
    if enabled is False:
        if service.is_held_back:
            yield from comment(_HELD_BACK, 4)
        yield "    enabled: false"
    yield ""


def _impossible(service: ImportedService) -> Iterator[str]:
    yield from comment(f"{service.name}, from {service.place}, cannot be a service of Polyport:", 2)
    for note in service.notes:
        yield from comment(f"NOT CARRIED OVER: {note}", 2)
    yield ""
