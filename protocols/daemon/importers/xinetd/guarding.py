"""Who may use a service of xinetd, and how many at a time."""

from __future__ import annotations

from typing import Any

from protocols.daemon.importers import amounts
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.xinetd.hosts import Network, access_of, hidden, is_name, networks_of
from protocols.daemon.importers.xinetd.hours import hours_of
from protocols.daemon.importers.xinetd.listening import Scheme
from protocols.daemon.importers.xinetd.settings import Settings

_WAITS = "a program with wait accepts by itself, and Polyport does not see who comes"


def guard(service: ImportedService, settings: Settings, scheme: Scheme) -> None:
    """Put who may come in, and how many, into `service`."""
    waits = service.answer.get("program", {}).get("mode") == "wait"
    _access(service, settings, waits=waits)
    if waits:
        if settings.text("per_source") not in ("", "UNLIMITED"):
            service.miss(settings.place("per_source"), f"per_source = {settings.text('per_source')}", _WAITS)
    elif scheme == "tcp":
        # The built-in services of datagrams have no instances, in xinetd either.
        _limits(service, settings)


def _access(service: ImportedService, settings: Settings, *, waits: bool) -> None:
    names = [name for name in ("only_from", "no_access", "access_times") if settings.get(name) is not None]
    if waits:
        for name in names:
            what = f"{name} = {settings.text(name)}"
            service.miss(settings.place(name), what, f"{_WAITS}; use a packet filter", is_grave=True)
        return
    allowed = None if settings.get("only_from") is None else _networks(service, settings, "only_from")
    denied = _networks(service, settings, "no_access")
    hours = settings.read("access_times", lambda text: [hours_of(value) for value in text.split()])
    access = access_of(allowed, denied, hours)
    if access:
        service.around["access"] = access
    if both := hidden(allowed or (), denied):
        service.remark(f"{', '.join(both)}: in only_from and in no_access, and so refused, as by xinetd")


def _networks(service: ImportedService, settings: Settings, name: str) -> list[Network]:
    setting = settings.get(name)
    found: list[Network] = []
    for value in [] if setting is None else setting.values:
        try:
            found += networks_of(value)
        except ValueFault as fault:
            if not is_name(value):
                raise settings.fault(name, str(fault)) from fault
            assert setting is not None
            # Whom only_from names is shut out without it; whom no_access names is let in.
            text = "names of hosts are not looked up; write its addresses or networks"
            service.miss(setting.place_of(value), f"{name} {value}", text, is_grave=name == "no_access")
    return found


def _limits(service: ImportedService, settings: Settings) -> None:
    limits: dict[str, Any] = {}
    program = service.answer.get("program")
    for name, key in (("instances", "connections"), ("per_source", "per_source")):
        text = settings.text(name)
        if not text:
            continue
        if text == "UNLIMITED":
            known = "processes (64)" if key == "connections" and program is not None else f"limits.{key}"
            why = f"there is always a limit; set {known} as high as is needed"
            service.miss(settings.place(name), f"{name} = {text}", why)
            continue
        count = settings.read(name, lambda text: amounts.number(text, 1))
        if key == "connections" and program is not None:
            program |= {"processes": count, "queue": 0}
        else:
            limits[key] = count
    if "per_source" in limits:
        # As xinetd has it: at once, and for this machine's own addresses too.
        limits |= {"over": "refuse", "exempt": []}
    if limits:
        service.around["limits"] = limits
