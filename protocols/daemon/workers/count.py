"""How many processes serve."""

from __future__ import annotations

import os
from typing import Literal

from protocols.daemon.spec.server import WORKERS


def worker_count(value: int | Literal["auto"]) -> int:
    """What ``server.workers`` stands for here: some cores may not be ours (sched_setaffinity(2))."""
    return min(len(os.sched_getaffinity(0)), WORKERS) if value == "auto" else value
