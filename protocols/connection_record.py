"""What is to be said of a connection once it is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from protocols.session import Peer


class ConnectionRecord(NamedTuple):
    """One connection that is over, or one datagram."""

    peer: Peer
    duration: float | None
    """Seconds that it was open; ``None`` for a datagram."""
    messages: int | None
    """That came; ``None`` where nobody cuts what comes into messages."""
    received: int
    """Bytes, without TLS."""
    sent: int | None
    """Bytes, without TLS; ``None`` for a datagram, whose answer is one by itself."""
    reason: str = ""
    """Why it ended, where that was not in order."""


Tell: TypeAlias = Callable[[ConnectionRecord], object]
"""Whoever hears of each."""
