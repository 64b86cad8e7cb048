"""Where the control socket of a daemon is: the daemon and the command line know it by the same rules."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

UNIT = Path("/run/polyport/control.sock")
"""Where the socket of a daemon is that ``config/polyport.service`` starts."""

ROOT = 0
"""The user who may do everything anyway."""

RUN = Path("/run")
"""Where root's daemons have theirs that systemd has not started."""


def places(config: Path, environment: Mapping[str, str], uid: int) -> Iterator[Path]:
    """Where the socket of the daemon for the file `config` may be with ``control: auto``.

    The first is where it is made; if there is none, there is no directory for such things.

    :param uid: whose daemon it is.
    """
    for directory in filter(None, environment.get("RUNTIME_DIRECTORY", "").split(":")):
        yield Path(directory) / UNIT.name
    name = f"polyport-{_short(config)}.sock"
    own = environment.get("XDG_RUNTIME_DIR", "")
    # After sudo it may be somebody else's, who could then have the socket.
    if own and _belongs(Path(own), uid):
        yield Path(own) / name
    if uid == ROOT:
        yield RUN / name


def _short(config: Path) -> str:
    """A name for a file that is no longer than a socket's path allows.  Symbolic links are not followed: one
    that leads to a new version tomorrow is the same file for its operator."""
    return hashlib.sha256(os.fsencode(os.path.abspath(config))).hexdigest()[:12]  # noqa: PTH100 - also ..


def _belongs(directory: Path, uid: int) -> bool:
    try:
        return directory.stat().st_uid == uid
    except OSError:
        return False
