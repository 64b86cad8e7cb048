"""What a service unit says of its program."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.daemon.importers import amounts
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.quantities import byte_count, span
from protocols.daemon.importers.systemd.specifiers import expanded
from protocols.daemon.importers.systemd.unit import Assignment, Unit, truth


def program_settings(
    service: ImportedService, unit: Unit, mode: str, known: Mapping[str, str]
) -> dict[str, Any]:
    """The settings of the program besides its command and environment.  Raises :class:`SourceError`."""
    found: dict[str, Any] = {"mode": mode} if mode == "wait" else {}
    found["folder"] = _folder(service, unit, known)
    for key, name in (("User", "user"), ("Group", "group")):
        line = unit.last("Service", key)
        if line is not None:
            text = _read(line, lambda value: expanded(value, known))
            found[name] = int(text) if re.fullmatch("[0-9]{1,10}", text) else text
    _take(found, "nice", unit.last("Service", "Nice"), lambda text: amounts.number(text, -20, 19))
    _take(found, "umask", unit.last("Service", "UMask"), amounts.umask)
    privileges = unit.last("Service", "NoNewPrivileges")
    if privileges is None or not truth(privileges):
        found["no_new_privileges"] = False
    _times(service, unit, mode, found)
    found["rlimits"] = _rlimits(service, unit)
    return found


def _read(line: Assignment, reader: Callable[[str], Any]) -> Any:
    try:
        return reader(line.value)
    except ValueFault as fault:
        raise line.fault(str(fault)) from fault


def _take(found: dict[str, Any], name: str, line: Assignment | None, reader: Callable[[str], Any]) -> None:
    if line is not None:
        found[name] = _read(line, reader)


def _folder(service: ImportedService, unit: Unit, known: Mapping[str, str]) -> str:
    line = unit.last("Service", "WorkingDirectory")
    if line is None:
        return "/"
    text = str(_read(line, lambda value: expanded(value, known)))
    if text.startswith("-"):
        text = text[1:]
        note = "a folder that is not there is an error, and not `/`"
        service.miss(line.place, f"WorkingDirectory={line.value}", note)
    if text == "~":
        note = "homes are not looked up; write the folder's path"
        service.miss(line.place, "WorkingDirectory=~", note, is_grave=True)
        return "/"
    if not text.startswith("/"):
        raise line.fault(f"a path that begins with / is expected, not {text[:60]!r}")
    return text


def _times(service: ImportedService, unit: Unit, mode: str, found: dict[str, Any]) -> None:
    for key, name in (("RuntimeMaxSec", "deadline"), ("TimeoutStopSec", "term_wait")):
        line = unit.last("Service", key)
        if line is None and name == "term_wait":
            line = unit.last("Service", "TimeoutSec")
        if line is None:
            continue
        seconds = _read(line, span)
        if name == "deadline" and mode == "wait":
            text = "a program with mode: wait has no deadline; let timeout(1) start it"
            service.miss(line.place, f"{line.key}={line.value}", text)
        elif seconds:
            found[name] = amounts.seconds(seconds)
        elif name == "term_wait":
            text = "a program that is to end is killed in the end: term_wait says when"
            service.miss(line.place, f"{line.key}={line.value}", text)


_RLIMITS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "LimitAS": ("memory", byte_count),
    "LimitCPU": ("cpu", span),
    "LimitNOFILE": ("files", byte_count),
    "LimitNPROC": ("processes", byte_count),
    "LimitFSIZE": ("file_size", byte_count),
    "LimitCORE": ("core", byte_count),
}
RLIMIT_KEYS: Final = tuple(_RLIMITS)


def _rlimits(service: ImportedService, unit: Unit) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, (name, reader) in _RLIMITS.items():
        line = unit.last("Service", key)
        if line is None:
            continue
        soft, colon, hard = line.value.partition(":")
        value = _read(line, lambda _, text=soft, read=reader: read(text))  # type: ignore[misc]
        if colon and hard != soft:
            text = "one number is the soft and the hard limit: the first"
            service.miss(line.place, f"{key}={line.value}", text)
        if value is None:
            continue
        least = {"files": 3, "memory": 1, "cpu": 1, "processes": 1}.get(name, 0)
        if value < least:
            service.miss(line.place, f"{key}={line.value}", f"{name} is at least {least}")
        elif name == "cpu":
            found[name] = amounts.seconds(int(value))
        else:
            found[name] = int(value) if name in ("files", "processes") else amounts.size(int(value))
    return found
