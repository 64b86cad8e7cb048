"""The settings of a program, gathered from many places of a source."""

from __future__ import annotations

from typing import Any, Final

_ORDER: Final = (
    *("command", "shell", "mode", "processes", "queue", "patience", "stdio", "deadline", "close_wait"),
    *("term_wait", "errors", "folder", "environment", "inherit", "user", "group", "umask", "nice"),
    *("no_new_privileges", "rlimits"),
)

PRIVILEGES: Final = (
    "`no_new_privileges: false` is as it was; remove it where a program runs no sudo, su or other setuid "
    "program, and nothing that it runs gets more than it has"
)
"""What to say where the source lets programs gain privileges, as inetd and most others do."""


def ordered(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of ``program`` in the order of the manual, without those that say nothing."""
    empty: tuple[Any, ...] = (None, {}, [])
    return {key: settings[key] for key in _ORDER if key in settings and settings[key] not in empty}
