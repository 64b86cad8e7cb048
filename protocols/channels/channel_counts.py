"""What is counted of one channel in one process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ChannelCounts:
    """Totals since the process began with the channel."""

    published: int = 0
    """Messages taken."""
    duplicates: int = 0
    """Messages that were there already, by their id."""
    refused: int = 0
    """Messages that were none the channel takes."""
    unavailable: int = 0
    """Messages that the store did not take."""
    delivered: int = 0
    """Messages given to subscribers, each counted for each of them."""
    dropped: int = 0
    """Messages that a slow subscriber has missed, or that were gone before it came to them."""
    disconnected: int = 0
    """Subscribers cut off because they were slow."""
    waited: int = 0
    """Messages whose publishers had to wait for a slow subscriber."""
    acked: int = 0
    """Messages that members of groups have settled."""
    redelivered: int = 0
    """Messages handed out once more."""
    dead: int = 0
    """Messages that a group has given up."""
    trimmed: int = 0
    """Messages forgotten: too old, too many, or because somebody has asked."""
