"""The text of inetd.conf: a service in each line, of fields between blanks, with its place.

Lines that Debian's update-inetd has turned off (``#<off># …``) are services too, which are not enabled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from protocols.daemon.importers.place import Fault, Place, SourceError
from protocols.daemon.importers.source_text import check_encodable

_OFF: Final = re.compile(r"#+\s*<off>\s*#?\s*(?P<line>.*)")
_HOST_ONLY: Final = re.compile(r"(?P<host>\S+):")
_FIELDS: Final = 6
"""Service, type of socket, protocol, wait, user and program."""


@dataclass(frozen=True, slots=True)
class Line:
    """A service: the fields of its line."""

    host: str
    """What stands before the colon of the first field, there or in a line above; empty for every address."""
    name: str
    """A service or port, the path of a Unix socket, ``rpc/version`` or ``tcpmux/name``."""
    socket_type: str
    protocol: str
    wait: str
    user: str
    program: str
    arguments: tuple[str, ...]
    """Argument 0 first."""
    is_off: bool
    place: Place


@dataclass(slots=True)
class Lines:
    """What stands in a file."""

    services: list[Line] = field(default_factory=list)
    policies: list[tuple[Place, str]] = field(default_factory=list)
    """Policies of IPsec, for the services below them (FreeBSD: ``#@ …``)."""


def parse(text: str, file: str) -> Lines:
    """What stands in `text`, which messages call `file`.  Raises :class:`SourceError` with all its faults."""
    faults: list[Fault] = []
    lines = Lines()
    host = ""
    for number, raw in enumerate(text.split("\n"), 1):
        place, line = Place(file, number), raw.strip()
        off = _OFF.fullmatch(line)
        if line.startswith("#@"):
            lines.policies.append((place, line[2:].strip()))
        line = off["line"] if off else line
        if not line or line.startswith("#"):
            continue
        words = line.split()
        wrong = check_encodable(words)
        if wrong is not None:
            faults.append(Fault(place, wrong))
        elif len(words) == 1 and (only := _HOST_ONLY.fullmatch(words[0])):
            host = "" if only["host"] == "*" else only["host"]
        else:
            service = _line(words, host, place, is_off=off is not None)
            if isinstance(service, Line):
                lines.services.append(service)
            elif off is None:
                faults.append(service)
    if faults:
        raise SourceError(faults)
    return lines


def _line(words: list[str], host: str, place: Place, *, is_off: bool) -> Line | Fault:
    if len(words) == _FIELDS - 1 and words[-1] != "internal":
        return Fault(place, "the program is missing (or `internal`)")
    if len(words) < _FIELDS:
        fields = "service, type, protocol, wait, user and program"
        return Fault(place, f"a line has at least six fields ({fields}), and here are {len(words)}")
    first, socket_type, protocol, wait, user, program, *arguments = words
    if socket_type not in ("stream", "dgram", "raw", "rdm", "seqpacket"):
        return Fault(place, f"stream or dgram is expected as the second field, not {socket_type[:40]!r}")
    name = first
    if not protocol.startswith("unix") and not first.startswith("/"):
        before, colon, after = first.rpartition(":")
        if colon:
            name, host = after, "" if before == "*" else before
    if not name:
        return Fault(place, f"{first[:40]!r} names no service")
    return Line(host, name, socket_type, protocol, wait, user, program, tuple(arguments), is_off, place)
