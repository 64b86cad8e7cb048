"""One address, several services."""

from __future__ import annotations

from protocols.daemon.importers.clashes import hold_back_rivals
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import Place


def service(name: str, *listen: str, enabled: bool = True) -> ImportedService:
    return ImportedService(name, Place("file", 1), [*listen], {"builtin": "echo"}, is_enabled=enabled)


def held_back(*services: ImportedService) -> list[str]:
    hold_back_rivals(services)
    return [each.name for each in services if each.is_held_back]


def test_the_first_has_the_address():
    first, second = service("a", "tcp://:7"), service("b", "tcp://0.0.0.0:7")
    assert held_back(first, second, service("c", "udp://:7")) == ["b"]
    assert second.settings["enabled"] is False
    assert str(second.missed[0]) == (
        "file:1: tcp://0.0.0.0:7: a, from file:1, has the address; only one of them can have it"
    )


def test_who_is_not_enabled_takes_none():
    assert held_back(service("a", "tcp://:7", enabled=False), service("b", "tcp://:7")) == []


def test_who_is_held_back_takes_none():
    assert held_back(
        service("a", "tcp://:7"), service("b", "tcp://:7", "tcp://:8"), service("c", "tcp://:8")
    ) == ["b"]


def test_a_service_has_each_address_once():
    both = service("a", "tcp://127.0.0.1:7", "tcp://localhost:7", "tcp://127.0.0.1:8")
    assert held_back(both) == []
    assert both.listen == ["tcp://127.0.0.1:7", "tcp://127.0.0.1:8"]
    assert [note.what for note in both.missed] == ["tcp://localhost:7"]


def test_families_share_a_port():
    assert held_back(service("a", "tcp://0.0.0.0:7"), service("b", "tcp://[::]:7")) == []
