"""What is counted of one forward in one process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ForwardCounts:
    """Totals since it was started, and how it fares."""

    delivered: int = 0
    """Messages that the target has."""
    failed: int = 0
    """Attempts that came to nothing, whatever for."""
    retried: int = 0
    """Messages that were put off, to be tried again."""
    dead: int = 0
    """Messages that were given up."""
    error: str = ""
    """What was wrong the last time; empty: nothing ever was."""
    failing_since: float | None = None
    """When the first attempt failed after the last that did not, in seconds since the epoch; ``None``: none
    has."""
