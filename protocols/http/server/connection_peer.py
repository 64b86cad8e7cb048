"""Who is at the other end of a connection that speaks HTTP."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.interfaces import ITransport

from protocols.peer_address import stream_peer
from protocols.session import Peer


def connection_peer(transport: ITransport) -> Peer:
    """The peer of `transport`, whose own transport is the scheme of its requests: ``https`` also where its
    TLS ends at a load balancer that says so."""
    peer = stream_peer(transport)
    return replace(peer, transport="https" if peer.transport == "tls" else "http")
