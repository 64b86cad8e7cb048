"""What ``%`` stands for in values of systemd (systemd.unit(5), Specifiers)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from protocols.daemon.importers.place import ValueFault

_FIXED: Final = {
    "%": "%",
    "t": "/run",
    "S": "/var/lib",
    "C": "/var/cache",
    "L": "/var/log",
    "E": "/etc",
    "T": "/tmp",  # noqa: S108 - that is what it stands for
    "V": "/var/tmp",  # noqa: S108
    "h": "/root",
    "u": "root",
    "U": "0",
    "g": "root",
    "G": "0",
    "s": "/bin/sh",
}
"""Those of the manager of the system, which runs as root."""

_WHY: Final = {
    "i": "the number and the addresses of a connection",
    "I": "the number and the addresses of a connection",
}


def specifiers_of(unit_name: str) -> Mapping[str, str]:
    """What stands for what in the unit `unit_name`."""
    whole, _, kind = unit_name.rpartition(".")
    prefix, at, instance = whole.partition("@")
    found = {**_FIXED, "n": unit_name, "N": whole, "p": prefix, "j": prefix.rpartition("-")[2]}
    found["P"] = _unescaped(prefix)
    found["J"] = _unescaped(found["j"])
    if at and instance:
        found |= {"i": instance, "I": _unescaped(instance)}
    elif not at:
        found |= {"i": "", "I": ""}
    else:
        # A template: its instances are the connections.
        del found["n"], found["N"]
    assert kind
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    """`text` with its specifiers replaced.  Raises :class:`ValueFault` for one that is not `known`."""

    def replace(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in known:
            return known[letter]
        why = _WHY.get(letter, "something of the machine or of the unit")
        raise ValueFault(f"%{letter} stands for {why}, which is not known here")

    return re.sub("%([A-Za-z%])", replace, text)


def _unescaped(text: str) -> str:
    """``-`` is ``/``, and ``\\x2d`` a character (systemd-escape(1))."""
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text.replace("-", "/"))
