"""What is known of the daemon at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.daemon.control.status import Status


@dataclass(frozen=True, slots=True)
class Told:
    """The last answer to the question how the daemon is."""

    status: Status | None = None
    """``None``: there was no answer yet."""
    at: float = 0.0
    """When that was, in seconds since the epoch."""
    fresh: bool = False
    """Whether it is the answer to what has been asked now; else that failed, or took too long."""
