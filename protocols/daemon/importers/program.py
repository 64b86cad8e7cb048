"""The settings of a program, gathered from many places of a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from protocols.daemon.importers.imported import ImportedService

_ORDER: Final = (
    *("command", "shell", "mode", "processes", "queue", "patience", "stdio", "deadline", "close_wait"),
    *("term_wait", "errors", "folder", "environment", "inherit", "user", "group", "umask", "nice"),
    *("no_new_privileges", "rlimits"),
)

USERS: Final = (
    "`user` and `group` of programs need a daemon that root starts and that stays root: no `server.user`"
)
"""What to say where programs run as somebody."""

PRIVILEGES: Final = (
    "`no_new_privileges: false` is as it was; remove it where a program runs no sudo, su or other setuid "
    "program, and nothing that it runs gets more than it has"
)
"""What to say where the source lets programs gain privileges, as inetd and most others do."""


def ordered(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of ``program`` in the order of the manual, without those that say nothing."""
    empty: tuple[Any, ...] = (None, {}, [])
    return {key: settings[key] for key in _ORDER if key in settings and settings[key] not in empty}


def program_remarks(services: Iterable[ImportedService]) -> Iterator[str]:
    """What is worth knowing of all the programs of `services`."""
    programs = [program for service in services for program in _programs(service.answer)]
    if any({"user", "group"} & program.keys() for program in programs):
        yield USERS
    if any(program.get("no_new_privileges") is False for program in programs):
        yield PRIVILEGES


def _programs(settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The settings of ``program`` anywhere in `settings`."""
    for key, value in settings.items():
        if key == "program" and isinstance(value, Mapping):
            yield value
        elif isinstance(value, Mapping):
            yield from _programs(value)
