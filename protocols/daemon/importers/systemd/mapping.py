"""From pairs of units to services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from protocols.daemon.importers.argv0 import command_line
from protocols.daemon.importers.imported import Import, ImportedService, Source
from protocols.daemon.importers.place import Fault, SourceError, ValueFault
from protocols.daemon.importers.program import ordered
from protocols.daemon.importers.systemd.command import Command, command_of
from protocols.daemon.importers.systemd.environment import environment_of
from protocols.daemon.importers.systemd.filters import filter_addresses
from protocols.daemon.importers.systemd.pairs import Pair, is_inetd_like, pairs_of
from protocols.daemon.importers.systemd.service_keys import program_settings
from protocols.daemon.importers.systemd.socket_addresses import listen
from protocols.daemon.importers.systemd.socket_keys import socket_settings
from protocols.daemon.importers.systemd.specifiers import specifiers_of
from protocols.daemon.importers.systemd.standard_streams import Streams, streams_of, wrapped
from protocols.daemon.importers.systemd.unit import Assignment, Unit
from protocols.daemon.importers.systemd.unmapped import note_unmapped

REMOTE: Final = "what systemd tells in REMOTE_ADDR and REMOTE_PORT is in TCPREMOTEIP and TCPREMOTEPORT now"


def import_systemd(texts: Mapping[str, str]) -> Import:
    """The services of the units in `texts`, by file.

    Raises :class:`SourceError` with everything that is wrong in them.
    """
    found = Import()
    faults: list[Fault] = []
    for pair in pairs_of(texts, found.missed):
        found.sources += [Source(unit.file, "systemd") for unit in (pair.socket, pair.service)]
        try:
            found.services.append(_service(pair))
        except SourceError as error:
            faults += error.faults
    if faults:
        raise SourceError(faults)
    programs = [service.answer["program"] for service in found.services if "program" in service.answer]
    if any(program.get("mode") != "wait" for program in programs):
        found.remarks.append(REMOTE)
    return found


def _service(pair: Pair) -> ImportedService:
    socket, unit = pair.socket, pair.service
    mode = "connection" if is_inetd_like(socket) else "wait"
    service = ImportedService(socket.stem, socket.place)
    note_unmapped(service, socket, unit)
    listen(service, socket, specifiers_of(socket.name))
    if not service.is_possible:
        return service
    service.answer["program"] = _program(service, pair, mode)
    _type(service, unit, mode)
    socket_settings(service, socket)
    filter_addresses(service, ((socket, "Socket"), (unit, "Service")))
    service.answer["program"] = ordered(service.answer["program"])
    return service


def _program(service: ImportedService, pair: Pair, mode: str) -> dict[str, Any]:
    unit = pair.service
    known = specifiers_of(unit.name)
    environment = environment_of(service, unit, known)
    program = program_settings(service, unit, mode, known)
    program |= {"environment": environment.variables, "inherit": list(dict.fromkeys(environment.inherited))}
    lines = unit.all("Service", "ExecStart")
    if not lines:
        raise SourceError([Fault(unit.place, "ExecStart is missing: the program")])
    for line in lines[1:]:
        text = "several commands are not run one after the other; let a script do it"
        service.miss(line.place, f"ExecStart={line.value}", text, is_grave=True)
    try:
        command = command_of(lines[0].value, environment, known)
    except ValueFault as fault:
        raise lines[0].fault(str(fault)) from fault
    _prefixes(service, lines[0], command, program)
    streams = streams_of(service, unit, mode)
    words = _words(service, lines[0], command)
    sockets = len(service.listen) if mode == "wait" else 1
    names = ":".join([_names(pair, streams, mode)] * sockets)
    program["command"] = wrapped(words, streams, mode, names)
    program["errors"] = None if streams.errors == "log" else streams.errors
    return program


def _words(service: ImportedService, line: Assignment, command: Command) -> list[str]:
    for name in command.unknown:
        text = f"the value of {name} is not known here, and the program would miss it"
        service.miss(line.place, f"${name}", text, is_grave=True)
    words = command_line(command.program, command.argv0, command.arguments)
    if "" in words:
        text = "an empty argument cannot be given; let a script begin the program"
        service.miss(line.place, "ExecStart", text, is_grave=True)
    return [word for word in words if word]


def _prefixes(service: ImportedService, line: Assignment, command: Command, program: dict[str, Any]) -> None:
    """``-`` is met: how a program ends is logged, and that is all.  ``+`` is root, whatever User= says."""
    if "+" in command.prefixes:
        program.pop("group", None)
        program["user"] = "root"
    if "!" in command.prefixes:
        text = "a program is its user from the beginning, and not first root"
        service.miss(line.place, "ExecStart=!", text, is_grave=True)
    if "|" in command.prefixes:
        service.miss(line.place, "ExecStart=|", "no shell of the user runs it", is_grave=True)


def _names(pair: Pair, streams: Streams, mode: str) -> str:
    """What LISTEN_FDNAMES says: the unit, unless another name is given; of a connection, that it is one."""
    if streams.is_inetd:
        return ""
    given = pair.socket.text("Socket", "FileDescriptorName") or pair.socket.name
    name = "connection" if mode == "connection" else given
    return re.sub(r"[^A-Za-z0-9_.@-]", "_", name)


def _type(service: ImportedService, unit: Unit, mode: str) -> None:
    line = unit.last("Service", "Type")
    kind = "simple" if line is None else line.value
    if line is None or kind in ("simple", "exec", "idle", "oneshot"):
        return
    if kind == "forking":
        text = "the program that is started is the service: let it stay in the foreground"
        service.miss(line.place, "Type=forking", text, is_grave=mode == "wait")
    else:
        text = "programs are not heard; whether they live is all that is known of them"
        service.miss(line.place, f"Type={kind}", text)
