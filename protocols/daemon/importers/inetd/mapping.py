"""From lines of inetd.conf to services."""

from __future__ import annotations

import re
from typing import Any, Final

from protocols.daemon.importers import amounts
from protocols.daemon.importers.argv0 import command_line
from protocols.daemon.importers.imported import Import, ImportedService, NotCarriedOver, Source
from protocols.daemon.importers.inetd.listening import listen
from protocols.daemon.importers.inetd.parser import Line, parse
from protocols.daemon.importers.place import Fault, SourceError, ValueFault
from protocols.daemon.importers.program import ordered

BUILTINS: Final = ("echo", "discard", "daytime", "time", "chargen")

_WAIT: Final = re.compile(r"(?P<wait>wait|nowait)(\.(?P<rate>[0-9]+))?(?P<limits>(/[0-9]+){0,3})")
_LOOPING: Final = (
    "nothing stops a service that is asked often; limits.connection_rate, 20/s, is of each source"
)
_WAITS: Final = "a program with wait accepts by itself, and Polyport does not see who comes"


def import_inetd(file: str, text: str) -> Import:
    """The services of `text`, which messages call `file`.

    Raises :class:`SourceError` with everything that is wrong in it.
    """
    lines = parse(text, file)
    faults: list[Fault] = []
    found = Import(sources=[Source(file, "inetd")])
    for place, policy in lines.policies:
        text = "there are no policies of IPsec; set them with setkey(8) or ip-xfrm(8)"
        found.missed.append(NotCarriedOver(place, f"#@ {policy}".rstrip(), text))
    for line in lines.services:
        try:
            found.services.append(_service(line))
        except ValueFault as fault:
            faults.append(Fault(line.place, str(fault)))
    if faults:
        raise SourceError(faults)
    return found


def _service(line: Line) -> ImportedService:
    service = ImportedService(line.name, line.place, is_enabled=not line.is_off)
    if not listen(service, line):
        return service
    if line.program == "internal":
        _builtin(service, line)
    else:
        service.answer["program"] = _program(service, line)
    _wait(service, line)
    if "program" in service.answer:
        service.answer["program"] = ordered(service.answer["program"])
    return service


def _builtin(service: ImportedService, line: Line) -> None:
    if line.name in BUILTINS:
        service.answer["builtin"] = line.name
    else:
        text = "Polyport has no such built-in service; name the program that does it"
        service.refuse(line.place, f"{line.name} internal", text)


def _program(service: ImportedService, line: Line) -> dict[str, Any]:
    program: dict[str, Any] = {"folder": "/", "no_new_privileges": False}
    if not line.program.startswith("/"):
        raise ValueFault(f"the path of a program is expected, not {line.program[:60]!r}")
    argv0, *arguments = line.arguments or (line.program,)
    if any(quote in word for quote in "\"'" for word in arguments):
        service.remark(
            "quotes in arguments are passed as they stand, as OpenBSD's inetd does, and not FreeBSD's"
        )
    program["command"] = command_line(line.program, argv0, arguments)
    user, _, class_name = line.user.partition("/")
    if class_name:
        text = "there are no login classes; say in rlimits, umask and nice what it does"
        service.miss(line.place, f"class {class_name}", text)
    name, colon, group = user.partition(":")
    if not colon:
        name, _, group = user.partition(".")
    if not name:
        raise ValueFault(f"the name of a user is expected, not {line.user[:60]!r}")
    program["user"] = _account(name)
    if group:
        program["group"] = _account(group)
    return program


def _account(name: str) -> str | int:
    return int(name) if re.fullmatch("[0-9]{1,10}", name) else name


def _wait(service: ImportedService, line: Line) -> None:
    match = _WAIT.fullmatch(line.wait)
    if match is None:
        raise ValueFault(f"wait or nowait is expected, not {line.wait[:40]!r}")
    program = service.answer.get("program")
    is_stream = line.socket_type == "stream"
    waits = match["wait"] == "wait" or not is_stream
    if program is not None:
        program |= {"mode": "wait"} if waits else {"errors": "send"}
        if waits and match["wait"] == "nowait":
            text = "a program that is given datagrams reads all of them until it ends: it has mode: wait"
            service.miss(line.place, "nowait", text)
    if match["rate"] is not None:
        service.miss(line.place, line.wait, _LOOPING)
    _limits(service, line, match["limits"] or "", waits=waits)


def _limits(service: ImportedService, line: Line, text: str, *, waits: bool) -> None:
    """FreeBSD's ``/max-child/max-connections-per-ip-per-minute/max-child-per-ip``; 0 is no limit."""
    counts = [amounts.number(one) for one in text.split("/")[1:]]
    children, rate, per_source = (*counts, 0, 0, 0)[:3]
    if waits:
        if children > 1 or rate or per_source:
            service.miss(line.place, line.wait, _WAITS)
        return
    limits: dict[str, Any] = {}
    if children and "program" in service.answer:
        service.answer["program"] |= {"processes": children, "queue": 0}
    elif children:
        limits["connections"] = children
    if rate:
        limits["connection_rate"] = f"{rate}/m"
    if per_source:
        limits["per_source"] = per_source
    if rate or per_source:
        # As inetd has it: at once, and for this machine's own addresses too.
        limits |= {"over": "refuse", "exempt": []}
    service.around["limits"] = limits
