"""Whether the journal of systemd reads what is written to a descriptor."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "JOURNAL_STREAM"
"""Where systemd says device and inode of what it has connected to the journal (systemd.exec(5))."""


def journal_reads(descriptor: int, environment: Mapping[str, str]) -> bool:
    """Whether `descriptor` is the one that systemd spoke of, and not one that replaced it, as in a shell."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get(VARIABLE) == f"{found.st_dev}:{found.st_ino}"
