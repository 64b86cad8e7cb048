"""Who has published a message."""

from __future__ import annotations

from protocols.session import Peer


def sender_of(peer: Peer) -> str:
    """Who `peer` is, as messages have it: its identity, or where it comes from."""
    return peer.user or str(peer)
