"""What a header proves of a client, for those who believe its proxy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from protocols.proxy_header import ClientTLS
from protocols.session import Certificate, Peer

NOT_SAID: Final = datetime.max.replace(tzinfo=UTC)
"""When a certificate expires of which the proxy tells no more than its name: it has looked at that itself."""


def identified(peer: Peer, tls: ClientTLS | None) -> Peer:
    """`peer`, with what its proxy says of its TLS.

    Nothing is taken from a certificate that the proxy did not verify.
    """
    if tls is None:
        return peer
    transport = "tls" if peer.transport == "tcp" else peer.transport
    if not tls.is_verified or not tls.common_name:
        return replace(peer, transport=transport)
    certificate = Certificate(tls.common_name, (), "", NOT_SAID)
    return replace(peer, transport=transport, user=tls.common_name, certificate=certificate)
