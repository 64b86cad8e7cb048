"""Services that would listen on one address: only the first of them can be enabled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from protocols.daemon.checks.addresses import overlap, place_of
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.spec.address import Address


def hold_back_rivals(services: Iterable[ImportedService]) -> None:
    """Note in each service which of its addresses an earlier one has."""
    taken: defaultdict[object, list[tuple[Address, ImportedService]]] = defaultdict(list)
    for service in services:
        if not service.is_possible or not service.is_enabled or service.is_held_back:
            continue
        own = _own(service)
        for address in own:
            rivals = taken[place_of(address)] if place_of(address) is not None else []
            earlier = next((other for rival, other in rivals if overlap(rival, address)), None)
            if earlier is not None:
                text = f"{earlier.name}, from {earlier.place}, has the address; only one of them can have it"
                service.miss(service.place, str(address), text, is_grave=True)
        if not service.is_held_back:
            for address in own:
                taken[place_of(address)].append((address, service))


def _own(service: ImportedService) -> list[Address]:
    """The addresses of `service`, without those that others of it stand for too."""
    own: list[Address] = []
    for text in [*service.listen]:
        address = Address.parse(text)
        same = [one for one in own if place_of(one) is not None and place_of(one) == place_of(address)]
        first = next((one for one in same if overlap(one, address)), None)
        if first is None:
            own.append(address)
        else:
            service.listen.remove(text)
            service.miss(service.place, text, f"{first} stands for it already")
    return own
