"""Who else may read a private key."""

from __future__ import annotations

import stat
from pathlib import Path

ALLOWED = 0o740
"""The owner may do anything, the group may read: as keys are shared with a daemon of another user."""


def key_warning(key: Path) -> str | None:
    """What is wrong with the permissions of `key`, if anything is."""
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
    except OSError:
        return None  # whoever reads it will say so
    if mode & ~ALLOWED & 0o777 == 0:
        return None
    return f"{key} can be read or changed by others (mode {mode:04o}); chmod 640 is enough"
