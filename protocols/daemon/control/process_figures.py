"""What this process uses, as the kernel tells it (proc(5))."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

PAGE: Final = os.sysconf("SC_PAGE_SIZE")

DESCRIPTORS: Final = Path("/proc/self/fd")


def processor_time() -> float:
    """Seconds of processor time so far, of all threads."""
    return time.process_time()


def resident_memory() -> int:
    """Bytes that are in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def open_descriptors() -> int:
    """Open file descriptors."""
    try:
        # Since Linux 6.2; to list ten thousand takes some milliseconds.
        return DESCRIPTORS.stat().st_size or len(os.listdir(DESCRIPTORS)) - 1  # noqa: PTH208 - no Path for each
    except OSError:
        return 0
