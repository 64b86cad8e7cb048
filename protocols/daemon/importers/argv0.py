"""Programs that are to find another name of theirs as argument 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

_RENAME: Final = ("/bin/bash", "-c", 'exec -a "$0" "$@"')
"""``exec -a`` is of bash; POSIX's sh has no such thing."""


def command_line(program: str, argv0: str, arguments: Sequence[str]) -> list[str]:
    """What runs `program` with `arguments`, so that it finds `argv0` as its own name: that is how tcpd knows
    what it is to run, and how programs with several names tell what they are."""
    if argv0 in (program, PurePath(program).name):
        return [program, *arguments]
    return [*_RENAME, argv0, program, *arguments]
