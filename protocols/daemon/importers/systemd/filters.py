"""``IPAddressAllow`` and ``IPAddressDeny`` (systemd.resource-control(5)) as rules of ``access``."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any, Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.systemd.unit import Assignment, Unit

_NAMES: Final = {
    "any": ["all"],
    "localhost": ["127.0.0.0/8", "::1"],
    "link-local": ["169.254.0.0/16", "fe80::/64"],
    "multicast": ["224.0.0.0/4", "ff00::/8"],
}


def filter_addresses(service: ImportedService, units: Iterable[tuple[Unit, str]]) -> None:
    """Put the filters of `units`, each with its section, into `service`.  Raises :class:`SourceError`.

    Whom systemd's lists both match is allowed; whom neither matches too.
    """
    waits = service.answer.get("program", {}).get("mode") == "wait"
    lists: dict[str, list[str]] = {"IPAddressAllow": [], "IPAddressDeny": []}
    for unit, section in units:
        for key, found in lists.items():
            for line in unit.all(section, key):
                if waits:
                    text = "a program with wait accepts by itself, and Polyport does not see who comes"
                    service.miss(line.place, f"{key}={line.value}", text, is_grave=True)
                found += [each for each in _networks(line) if each not in found]
    if waits or not lists["IPAddressDeny"]:
        return
    rules: list[dict[str, Any]] = []
    if lists["IPAddressAllow"]:
        rules.append({"allow": lists["IPAddressAllow"]})
    rules.append({"deny": lists["IPAddressDeny"]})
    if lists["IPAddressAllow"]:
        rules.append({"allow": "all"})
    service.around["access"] = {"rules": rules}


def _networks(line: Assignment) -> list[str]:
    found: list[str] = []
    for word in line.value.split():
        if word in _NAMES:
            found += _NAMES[word]
            continue
        try:
            network = ip_network(word, strict=False)
        except ValueError as error:
            raise line.fault(f"an address or a network is expected, not {word[:60]!r}") from error
        single = network.prefixlen == network.max_prefixlen
        found.append(str(ip_address(network.network_address)) if single else str(network))
    return found
