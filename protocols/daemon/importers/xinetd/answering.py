"""What answers a service of xinetd: a program, a built-in service, or another server."""

from __future__ import annotations

import re
from typing import Any, Final

from protocols.daemon.importers import amounts
from protocols.daemon.importers.argv0 import command_line
from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.port_names import port_of, unknown_port
from protocols.daemon.importers.xinetd.listening import Scheme
from protocols.daemon.importers.xinetd.settings import Setting, Settings
from protocols.daemon.spec.address import ip_address

BUILTINS: Final = ("echo", "discard", "daytime", "time", "chargen")

_RLIMITS: Final = {
    "rlimit_as": "memory",
    "rlimit_cpu": "cpu",
    "rlimit_files": "files",
}
_OTHER_RLIMITS: Final = ("rlimit_data", "rlimit_rss", "rlimit_stack")


def answer(service: ImportedService, settings: Settings, scheme: Scheme) -> None:
    """Put what answers into `service`."""
    types = settings.text("type").split()
    if "INTERNAL" in types:
        _builtin(service, settings)
    elif settings.get("redirect") is not None:
        _redirect(service, settings)
    else:
        service.answer["program"] = _program(service, settings, scheme)


def _builtin(service: ImportedService, settings: Settings) -> None:
    name = settings.entry.name
    if name in BUILTINS:
        service.answer["builtin"] = name
    else:
        text = "Polyport has no such built-in service; `polyport status` tells of services"
        service.refuse(settings.place("type"), f"type = INTERNAL ({name})", text)


def _redirect(service: ImportedService, settings: Settings) -> None:
    redirect = settings.get("redirect")
    assert redirect is not None
    if len(redirect.values) != 2:
        raise settings.fault("redirect", "a host and a port are expected, as in 192.0.2.7 23")
    host, port_text = redirect.values
    port = settings.read("redirect", lambda _: port_of(port_text, "tcp"))
    if port is None:
        service.refuse(redirect.place, f"redirect = {redirect.text}", unknown_port(port_text, "tcp"))
        return
    if re.fullmatch(r"[A-Za-z0-9_.:-]+", host) is None:
        raise settings.fault("redirect", f"{host[:60]!r} is no host")
    bracketed = f"[{host}]" if ":" in host and ip_address(host) is not None else host
    service.answer["forward"] = f"tcp://{bracketed}:{port}"


def _program(service: ImportedService, settings: Settings, scheme: Scheme) -> dict[str, Any]:
    waits = settings.text("wait")
    if waits not in ("yes", "no"):
        raise settings.fault("wait", f"yes or no is expected, not {waits[:40]!r}")
    program: dict[str, Any] = {"command": _command(settings), "folder": "/"}
    if waits == "yes" or scheme == "udp":
        program["mode"] = "wait"
        if waits == "no":
            text = "a program that is given datagrams reads all of them until it ends: it has mode: wait"
            service.miss(settings.place("wait"), "wait = no", text)
    else:
        program["errors"] = "send"
    program |= _identity(service, settings)
    program |= _surroundings(service, settings)
    program["rlimits"] = _rlimits(service, settings)
    program["no_new_privileges"] = False
    return program


def _command(settings: Settings) -> list[str]:
    server = settings.text("server")
    if not server:
        raise settings.fault("server", "is missing: the program")
    found = settings.get("server_args")
    arguments = [] if found is None else [*found.values]
    if settings.flag("NAMEINARGS"):
        if not arguments:
            raise settings.fault("server_args", "is missing: NAMEINARGS wants a name for the program in it")
        return command_line(server, arguments[0], arguments[1:])
    return [server, *arguments]


def _identity(service: ImportedService, settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("user", "group"):
        text = settings.text(key)
        if text:
            found[key] = int(text) if re.fullmatch("[0-9]{1,10}", text) else text
    groups = settings.text("groups")
    if groups not in ("", "yes", "no"):
        raise settings.fault("groups", f"yes or no is expected, not {groups[:40]!r}")
    if groups == "no" and "user" in found:
        text = "a program has its user's other groups too; take them from the user, or give it another"
        service.miss(settings.place("groups"), "groups = no", text)
    return found


def _surroundings(service: ImportedService, settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.get("nice") is not None:
        found["nice"] = settings.read("nice", lambda text: amounts.number(text, -20, 19))
    if settings.get("umask") is not None:
        found["umask"] = settings.read("umask", amounts.umask)
    environment: dict[str, str] = {}
    for pair in _values(settings.get("env")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise settings.fault("env", f"name=value is expected, not {pair[:40]!r}")
        if _is_variable(service, settings.place("env"), "env", name):
            environment[name] = value
    inherited = _values(settings.get("passenv"))
    found["environment"] = environment
    place = settings.place("passenv")
    found["inherit"] = [name for name in inherited if _is_variable(service, place, "passenv", name)]
    return found


def _values(setting: Setting | None) -> list[str]:
    return [] if setting is None else setting.values


def _is_variable(service: ImportedService, place: Any, what: str, name: str) -> bool:
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        return True
    service.miss(place, f"{what} {name}", "the YAML takes letters, digits and _ in names of variables")
    return False


def _rlimits(service: ImportedService, settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in _RLIMITS.items():
        text = settings.text(name)
        if not text or text == "UNLIMITED":
            continue
        if name == "rlimit_as":
            found[key] = amounts.size(settings.read(name, _bytes))
        elif name == "rlimit_cpu":
            found[key] = amounts.seconds(settings.read(name, lambda text: amounts.number(text, 1)))
        else:
            found[key] = settings.read(name, lambda text: amounts.number(text, 3))
    for name in _OTHER_RLIMITS:
        if settings.text(name) not in ("", "UNLIMITED"):
            text = "there is none of it among rlimits; rlimits: {memory: …} limits all that it may have"
            service.miss(settings.place(name), f"{name} = {settings.text(name)}", text)
    return found


def _bytes(text: str) -> int:
    match = re.fullmatch("([0-9]{1,15})([KkMm]?)", text)
    if match is None or not int(match[1]):
        raise ValueFault(f"a number of bytes, with K or M, is expected, not {text[:40]!r}")
    return int(match[1]) * {"": 1, "K": 1024, "M": 1024**2}[match[2].upper()]
