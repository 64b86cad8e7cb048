"""What units say that is not carried over, key by key."""

from __future__ import annotations

from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.systemd import known_keys, socket_keys
from protocols.daemon.importers.systemd.unit import Assignment, Unit
from protocols.daemon.problems import nearest

GUESSES: Final = 100
"""Notes of a service up to which keys that are not known are compared with those that are."""

_SECTIONS: Final = ("Unit", "Install", "Socket", "Service")
_CONDITIONS: Final = ("Condition", "Assert", "StartLimit", "JobTimeout", "FailureAction", "SuccessAction")
_OTHER_UNIT_KEYS: Final = (
    *(
        "AllowIsolate",
        "FailureActionExitStatus",
        "IgnoreOnIsolate",
        "JobRunningTimeoutSec",
        "OnFailureJobMode",
    ),
    *("OnSuccessJobMode", "RebootArgument", "RefuseManualStart", "RefuseManualStop", "StopWhenUnneeded"),
    *("SuccessActionExitStatus", "SurviveFinalKillSignal"),
)


def note_unmapped(service: ImportedService, socket: Unit, unit: Unit) -> None:
    """Note in `service` what of both units is not carried over; of the keys of systemd.socket(5), which have
    a module of their own, only those that are not known."""
    own = {socket.name, unit.name, unit.name.replace("@", ""), f"{socket.stem}.service"}
    for each in (socket, unit):
        for line in each.assignments:
            if not line.value or line.section.startswith("X-") or line.key.startswith("X-"):
                continue
            if line.section in ("Unit", "Install"):
                _unit_key(service, line, own)
            elif line.section == "Socket" and each is socket:
                _socket_key(service, line)
            elif line.section == "Service" and each is unit:
                _service_key(service, line)
            else:
                known = line.section in _SECTIONS
                text = "this section is for other units" if known else "this section is not known"
                service.miss(line.place, f"[{line.section}] {line.key}", text)


def _unit_key(service: ImportedService, line: Assignment, own: set[str]) -> None:
    if line.key in known_keys.UNIT_MET:
        return
    if line.key in known_keys.UNIT_ORDER:
        others = [name for name in line.value.split() if name not in own | {*known_keys.COMMON_UNITS}]
        if others:
            text = "services of Polyport have no units beside them; polyport.service can have it"
            service.miss(line.place, f"{line.key}={' '.join(others)}", text)
    elif line.key.startswith(_CONDITIONS) or line.key in _OTHER_UNIT_KEYS:
        text = "services have no conditions of their own; polyport.service can have it"
        service.miss(line.place, f"{line.key}={line.value}", text)
    else:
        known = [*known_keys.UNIT_MET, *known_keys.UNIT_ORDER, *_OTHER_UNIT_KEYS]
        _unknown(service, line, known)


def _socket_key(service: ImportedService, line: Assignment) -> None:
    known = [*socket_keys.MET, *socket_keys.MISSED]
    if line.key in known:
        return
    if line.key in (*known_keys.SERVICE_MISSED, *known_keys.SERVICE_MET):
        text = "it is for commands that systemd runs around the socket, and none are run"
        service.miss(line.place, f"{line.key}={line.value}", text)
    else:
        _unknown(service, line, known)


def _service_key(service: ImportedService, line: Assignment) -> None:
    if line.key in known_keys.SERVICE_MISSED:
        if line.key == "DynamicUser" and line.value.lower() in ("0", "no", "n", "false", "f", "off"):
            return
        grave = line.key in known_keys.SERVICE_GRAVE
        why = known_keys.SERVICE_MISSED[line.key]
        service.miss(line.place, f"{line.key}={line.value}", why, is_grave=grave)
    elif line.key not in known_keys.SERVICE_MET:
        _unknown(service, line, [*known_keys.SERVICE_MET, *known_keys.SERVICE_MISSED])


def _unknown(service: ImportedService, line: Assignment, known: list[str]) -> None:
    # Looking for what was meant takes a millisecond, and who wrote so many keys meant something else.
    guess = nearest(line.key, known) if len(service.missed) < GUESSES else None
    text = "this key is not known" + (f"; did you mean {guess}?" if guess else "")
    service.miss(line.place, line.key, text)
