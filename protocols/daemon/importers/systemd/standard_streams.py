"""Where a service of systemd has its standard input, output and error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.systemd.unit import Unit

_LOGS: Final = ("journal", "syslog", "kmsg", "journal+console", "syslog+console", "kmsg+console")


@dataclass(frozen=True, slots=True)
class Streams:
    """What the program gets."""

    is_inetd: bool
    """Whether its socket is its standard input, and not descriptor 3 (sd_listen_fds(3))."""
    output: str
    """``socket``, ``log`` or ``null``."""
    errors: str
    """As ``errors`` of the YAML has it."""


def streams_of(service: ImportedService, unit: Unit, mode: str) -> Streams:
    """The streams of the service `unit`; what is not carried over is noted in `service`."""
    given = unit.text("Service", "StandardInput") or "null"
    is_inetd = given == "socket"
    if given not in ("socket", "null"):
        line = unit.last("Service", "StandardInput")
        assert line is not None
        text = "a program reads its socket, or nothing"
        service.miss(line.place, f"StandardInput={given}", text, is_grave=True)
    output = _output(service, unit, "StandardOutput", "socket" if is_inetd else "log")
    errors = _output(service, unit, "StandardError", output)
    if errors == "socket":
        # With wait, the socket is the one that listens: nothing can be written to it.
        errors = "send" if mode == "connection" else "log"
    return Streams(is_inetd, output, {"null": "discard"}.get(errors, errors))


def _output(service: ImportedService, unit: Unit, key: str, inherited: str) -> str:
    given = unit.text("Service", key)
    if given in ("", "inherit"):
        return inherited
    if given in ("socket", "null"):
        return given
    if given not in _LOGS:
        line = unit.last("Service", key)
        assert line is not None
        text = "it goes to the log of the daemon; let a script send it elsewhere"
        service.miss(line.place, f"{key}={given}", text)
    return "log"


def wrapped(command: list[str], streams: Streams, mode: str, names: str) -> list[str]:
    """`command`, begun by a shell where it is to find its socket as descriptor 3, or its output in the log.

    :param names: what LISTEN_FDNAMES says.
    """
    redirections = []
    begin = ""
    if not streams.is_inetd:
        # LISTEN_PID is that of the shell, which becomes the program.
        begin = f"export LISTEN_FDS=${{LISTEN_FDS:-1}} LISTEN_PID=$$ LISTEN_FDNAMES={names}; "
        redirections += ["3<&0", "</dev/null"]
    if streams.output == "null":
        redirections.append(">/dev/null")
    elif streams.output == "log":
        redirections.append(">&2")
    if not redirections:
        return command
    return ["/bin/sh", "-c", f'{begin}exec "$@" {" ".join(redirections)}', "sh", *command]
