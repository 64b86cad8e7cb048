"""The logs of processes that serve, as the first one decides about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerLogs:
    """What they look like, and where they go."""

    style: str
    """One of :data:`~protocols.daemon.log.FORMATS`."""
    output: Callable[[int, bytes], object] | None = None
    """Gets what they write, by process id; ``None``: it goes where our own output goes."""
