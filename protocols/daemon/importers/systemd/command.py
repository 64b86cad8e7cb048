"""``ExecStart``: a program and its arguments, prefixes, specifiers and variables (systemd.service(5))."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.environment import Environment
from protocols.daemon.importers.systemd.specifiers import expanded
from protocols.daemon.importers.systemd.words import words_of

_PREFIXES: Final = re.compile(r"[-@:+!|]*")
_VARIABLE: Final = re.compile(r"\$(?P<dollar>\$)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    program: str
    argv0: str
    arguments: tuple[str, ...]
    prefixes: str
    """Of ``-@:+!|``."""
    unknown: tuple[str, ...] = ()
    """Variables that it uses and that are not there."""


def command_of(text: str, environment: Environment, known: Mapping[str, str]) -> Command:
    """The command in `text`, which a service with `environment` runs.  Raises :class:`ValueFault`."""
    words = [expanded(word, known) for word in words_of(text)]
    if ";" in words:
        raise ValueFault("several commands are not run one after the other; let a script do it")
    first = words[0] if words else ""
    match = _PREFIXES.match(first)
    prefixes = match[0] if match else ""
    program = first[len(prefixes) :]
    if not program:
        raise ValueFault("a program is missing")
    rest = [word.replace("\\;", ";") for word in words[1:]]
    argv0 = program
    if "@" in prefixes:
        if not rest:
            raise ValueFault("after @ a name for the program is expected")
        argv0, *rest = rest
    unknown: list[str] = []
    arguments = rest if ":" in prefixes else _substituted(rest, environment, unknown)
    return Command(program, argv0, tuple(arguments), prefixes, tuple(dict.fromkeys(unknown)))


def _substituted(words: list[str], environment: Environment, unknown: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if re.fullmatch(r"\$[A-Za-z_][A-Za-z0-9_]*", word):
            # Alone, and without braces: divided into words.
            value = _value(word[1:], environment, unknown)
            try:
                found += words_of(value)
            except ValueFault:
                found += value.split()
        else:
            found.append(_VARIABLE.sub(lambda match: _replaced(match, environment, unknown), word))
    return found


def _replaced(match: re.Match[str], environment: Environment, unknown: list[str]) -> str:
    return "$" if match["dollar"] else _value(match["name"], environment, unknown)


def _value(name: str, environment: Environment, unknown: list[str]) -> str:
    if name not in environment.variables and not environment.is_whole:
        unknown.append(name)
    return environment.variables.get(name, "")
