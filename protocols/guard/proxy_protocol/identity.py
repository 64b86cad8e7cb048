"""What a header proves of a client, for those who believe its proxy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from protocols.guard.tls.identity import certificate_of
from protocols.proxy_header import ClientTLS
from protocols.session import Certificate, Peer

NOT_SAID: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""When a certificate expires of which the proxy, who has looked at that, tells no more than its name: what
RFC 5280, section 4.1.2.5, has for those that do not."""


def identified(peer: Peer, tls: ClientTLS | None) -> Peer:
    """`peer`, with what its proxy says of its TLS.

    Nothing is taken from a certificate that the proxy did not verify.
    """
    if tls is None:
        return peer
    known = replace(peer, transport="tls" if peer.transport == "tcp" else peer.transport)
    certificate = _certificate(tls) if tls.is_verified else None
    if certificate is None:
        return known
    return replace(known, user=certificate.subject or None, certificate=certificate)


def _certificate(tls: ClientTLS) -> Certificate | None:
    if tls.certificate is not None:
        try:
            return certificate_of(x509.load_der_x509_certificate(tls.certificate))
        except ValueError:
            pass  # its name is still what the proxy says
    return Certificate(tls.common_name, (), "", NOT_SAID) if tls.common_name else None
