"""The environment of a service of systemd: what its unit says, and the files that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import SourceError, ValueFault
from protocols.daemon.importers.source_text import check_encodable, read_source
from protocols.daemon.importers.systemd.specifiers import expanded
from protocols.daemon.importers.systemd.unit import Assignment, Unit
from protocols.daemon.importers.systemd.words import words_of

_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Environment:
    """Variables by name, and whether there may be more."""

    variables: dict[str, str] = field(default_factory=dict)
    inherited: list[str] = field(default_factory=list)
    is_whole: bool = True
    """Whether all of it is known: not where a file could not be read."""


def environment_of(service: ImportedService, unit: Unit, known: Mapping[str, str]) -> Environment:
    """The environment that `unit` gives; what of it is not carried over is noted in `service`.

    Raises :class:`SourceError`.
    """
    found = Environment()
    for line in unit.all("Service", "Environment"):
        for pair in _words(line, known):
            name, equals, value = pair.partition("=")
            if not equals or not _NAME.fullmatch(name):
                raise line.fault(f"NAME=value is expected, not {pair[:40]!r}")
            found.variables[name] = value
    for line in unit.all("Service", "EnvironmentFile"):
        _file(service, line, found, known)
    for line in unit.all("Service", "PassEnvironment"):
        found.inherited += [name for name in _words(line, known) if _NAME.fullmatch(name)]
    for line in unit.all("Service", "UnsetEnvironment"):
        for name in _words(line, known):
            found.variables.pop(name.partition("=")[0], None)
            found.inherited = [each for each in found.inherited if each != name]
    return found


def _words(line: Assignment, known: Mapping[str, str]) -> list[str]:
    try:
        return [expanded(word, known) for word in words_of(line.value)]
    except ValueFault as fault:
        raise line.fault(str(fault)) from fault


def _file(service: ImportedService, line: Assignment, found: Environment, known: Mapping[str, str]) -> None:
    is_optional = line.value.startswith("-")
    try:
        name = expanded(line.value.removeprefix("-"), known)
        text = read_source(Path(name))
    except ValueFault as fault:
        raise line.fault(str(fault)) from fault
    except SourceError as error:
        if is_optional and not Path(name).exists():
            service.remark(f"{name}, which {line.place} names, is not there: nothing comes of it")
        else:
            found.is_whole = False
            why = error.faults[0].message
            service.miss(line.place, f"EnvironmentFile={name}", f"{why}; put its variables into environment")
        return
    variables = variables_of(text)
    wrong = check_encodable([*variables.values()])
    if wrong is not None:
        raise line.fault(f"{name}: {wrong}")
    found.variables |= variables
    service.besides.append(name)
    service.remark(f"environment has what {name} said at the import; later changes of it are not seen")


def variables_of(text: str) -> dict[str, str]:
    """The variables of an environment file: lines ``NAME=value``, quotes and backslashes as in a shell; lines
    that are something else say nothing, as systemd has it."""
    found: dict[str, str] = {}
    for line in re.sub(r"\\\n", "", text).split("\n"):
        name, equals, value = line.strip().partition("=")
        if not equals or line.lstrip().startswith(("#", ";")) or not _NAME.fullmatch(name.strip()):
            continue
        try:
            found[name.strip()] = " ".join(words_of(value))
        except ValueFault:
            continue
    return found
