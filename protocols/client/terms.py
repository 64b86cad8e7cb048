"""What a client and its user agree on."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.client.place import Place
from protocols.client.retry import ONCE, Retry
from protocols.client.wire import Seconds
from protocols.framing import Framing


@dataclass(frozen=True, slots=True)
class Terms:
    """How a conversation is to go."""

    place: Place
    framing: Framing | None
    """``None`` for datagrams."""
    timeout: Seconds = 10.0
    """How long one step may take: an attempt to connect, the server's taking of a message, a reply."""
    reconnect: Retry | None = None
    """How to connect anew after a loss, and the first time; ``None``: never."""
    retry: Retry = ONCE
    """How often to try to connect, without `reconnect`; how often a datagram is sent until there is a reply,
    and how long each waits for one."""
    opening: tuple[bytes, ...] = ()
    """Messages that are sent first on each connection."""
