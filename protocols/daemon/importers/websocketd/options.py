"""The options of a command line of websocketd, as Go's package ``flag`` reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.problems import known_help

SWITCHES: Final = (
    *("ssl", "binary", "reverselookup", "devconsole", "sameorigin", "passstderr"),
    *("version", "license", "help", "h"),
)
"""Options that need no value."""

NUMBERS: Final = ("port", "redirport", "maxforks", "closems", "pingms", "maxframesize")
TEXTS: Final = (
    *(
        "sslcert",
        "sslkey",
        "sslca",
        "unixsocket",
        "loglevel",
        "dir",
        "staticdir",
        "cgidir",
        "passenv",
        "origin",
    ),
)
LISTS: Final = ("address", "header", "header-ws", "header-http")
"""Options that may be given several times."""

KNOWN: Final = (*SWITCHES, *NUMBERS, *TEXTS, *LISTS)
"""Those of websocketd 0.4 and of its newest source."""

_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


@dataclass(slots=True)
class Options:
    """What the command line says."""

    switches: dict[str, bool] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    """The program and its arguments; empty with ``--dir`` and the like."""


def parse(words: Sequence[str]) -> Options:
    """What `words` say, which stand behind the name of websocketd.  Raises :class:`ValueFault`."""
    options = Options()
    rest = list(words)
    while rest and re.match(r"--?[^-]", rest[0]):
        match = re.fullmatch(r"--?(?P<name>[^=-][^=]*)(?P<equals>=(?P<value>.*))?", rest.pop(0), re.DOTALL)
        if match is None:
            raise ValueFault("an option has no name")
        name = match["name"]
        if name not in KNOWN:
            help_text = known_help(name, KNOWN, "known options")
            raise ValueFault(f"websocketd has no option --{name[:40]}{help_text}")
        if name in SWITCHES:
            options.switches[name] = _switch(name, match["value"])
            continue
        if match["equals"] is None and not rest:
            raise ValueFault(f"--{name} needs a value")
        _put(options, name, match["value"] if match["equals"] is not None else rest.pop(0))
    if rest and rest[0] == "--":
        rest.pop(0)
    options.command = rest
    return options


def _switch(name: str, value: str | None) -> bool:
    if value is not None and value not in (*_TRUE, *_FALSE):
        raise ValueFault(f"--{name}: true or false is expected, not {value[:40]!r}")
    return value is None or value in _TRUE


def _put(options: Options, name: str, value: str) -> None:
    if name in NUMBERS:
        if re.fullmatch("-?[0-9]{1,12}", value) is None:
            raise ValueFault(f"--{name}: a number is expected, not {value[:40]!r}")
        options.numbers[name] = int(value)
    elif name in LISTS:
        options.lists.setdefault(name, []).append(value)
    else:
        options.texts[name] = value
