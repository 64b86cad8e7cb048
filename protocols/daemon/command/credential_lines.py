"""The lines of a file of users or tokens, one of which is put in."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from protocols.daemon.command.atomic_file import PRIVATE, write_file

NARROW = 0o640
"""The widest mode that is kept: the daemon's group may have to read the file."""

FAILED = 1
"""Exit status when the file cannot be used."""


def check_name(name: str) -> None:
    """Raise :class:`click.UsageError` for a name that the file cannot hold."""
    if not name or ":" in name or name.startswith("#") or name != name.strip() or not name.isprintable():
        raise click.UsageError(
            "a name is printable, has no colon and no space around it, and does not begin with #"
        )


def put_line(file: Path, name: str, hashed: str, parse: Callable[[str], object]) -> bool:
    """Put ``name:hashed`` into `file`, in the place of a line for `name`, and else at its end.

    The file is made with mode 0600; one that is there keeps its owner and mode, but for permissions beyond
    0640.

    :param parse: raises :class:`ValueError` for what the file must not be, before and after.
    :returns: whether the name was there.

    Raises :class:`OSError` and :class:`ValueError`.
    """
    path = file.resolve()
    lines: list[str] = []
    found: os.stat_result | None = None
    if path.exists():
        found = path.stat()
        text = path.read_text("utf-8")
        parse(text)
        lines = text.splitlines()
    new = f"{name}:{hashed}"
    places = [index for index, line in enumerate(lines) if line.strip().partition(":")[0] == name]
    for index in places:
        lines[index] = new
    if not places:
        lines.append(new)
    whole = "\n".join(lines) + "\n"
    parse(whole)
    mode = PRIVATE if found is None else stat.S_IMODE(found.st_mode) & NARROW
    write_file(path, whole.encode(), mode)
    if found is not None and (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        _give_to(path, found)
    return bool(places)


def refuse(file: Path, error: OSError | ValueError) -> NoReturn:
    """End with what is wrong with `file`."""
    from protocols.daemon.command.standard_output import complain

    complain(f"{file}: {(error.strerror if isinstance(error, OSError) else None) or error}")
    raise SystemExit(FAILED)


def secret_from_input() -> str:
    """The first line of standard input."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.UsageError("standard input is empty; the first line of it is what is asked for")
    return line


def _give_to(path: Path, found: os.stat_result) -> None:
    try:
        os.chown(path, found.st_uid, found.st_gid)
    except PermissionError:
        pass  # only root may give files away; the file is ours now, and the message says who may read it
