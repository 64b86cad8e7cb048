"""What a channel promises, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Slow: TypeAlias = Literal["disconnect", "drop-oldest", "wait"]
"""What becomes of a subscriber that has come up to the newest message, and then falls behind by more than
``lag``: it is cut off; it goes on behind what it has missed; or publishers wait for it."""

MESSAGE: Final = 1024 * 1024
"""Bytes of one message: what brokers commonly take; larger things are files."""

LAG: Final = 10_000
"""Messages that a subscriber may be behind, once it was not: some seconds of a busy channel."""

PENDING: Final = 10_000
"""Messages that may wait for the store, or for a slow subscriber: what comes while a disk hangs for a moment.
One publication always may, however many they are."""

PENDING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of their bodies together: a small part of what a server has, and more than a disk writes in a moment;
so many messages of full size would be 10 GB."""

STALLED: Final = 30.0
"""Seconds after which a publisher is told that the store does not answer, or a slow subscriber not read."""

SUBSCRIBERS: Final = 10_000
"""Subscribers of one channel in one process: each holds a connection and a place to read from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a channel treats those who use it."""

    slow: Slow = "drop-oldest"
    lag: int = LAG
    """Messages."""
    message: int = MESSAGE
    """Bytes."""
    pending: int = PENDING
    """Messages that wait, of :data:`PENDING_BYTES` at most."""
    stalled: float = STALLED
    """Seconds."""
    subscribers: int = SUBSCRIBERS
    keep: float = 0.0
    """Seconds that messages are kept; 0: for ever."""
    octets: int = 0
    """Bytes that are kept; 0: as many as there are."""
