"""From a peer to the header that speaks of it."""

from __future__ import annotations

import ipaddress

from protocols.proxy_header.header import ClientTLS, Family, Place, ProxyHeader
from protocols.session import Peer

_TLS = frozenset({"tls", "https", "wss"})
_UNIX = frozenset({"unix", "unixgram"})
_DATAGRAMS = frozenset({"udp", "unixgram"})


def header_about(peer: Peer, *, here: Place | None = None, tls_version: str = "") -> ProxyHeader:
    """Who `peer` is, for somebody further on.

    :param here: where it connected to; unless said, no particular address and port 0.
    :param tls_version: the TLS it speaks, such as ``TLSv1.3``; empty where that is not known.
    """
    family = _family_of(peer.host, peer)
    if family is None:
        return ProxyHeader()
    host = peer.host if family == "unix" else _unscoped(peer.host)
    nowhere = Place({"inet": "0.0.0.0", "inet6": "::", "unix": ""}[family])  # noqa: S104 - nothing is bound
    return ProxyHeader(
        family=family,
        datagrams=peer.transport in _DATAGRAMS,
        source=Place(host, peer.port),
        destination=here if here is not None and _family_of(here.host, peer) == family else nowhere,
        tls=_tls(peer, tls_version),
    )


def _family_of(host: str, peer: Peer) -> Family | None:
    if peer.transport in _UNIX:
        return "unix"
    try:
        return "inet" if ipaddress.ip_address(_unscoped(host)).version == 4 else "inet6"
    except ValueError:
        return None


def _unscoped(host: str) -> str:
    """`host` without the interface that a link-local address may name, which means nothing elsewhere."""
    return host.partition("%")[0]


def _tls(peer: Peer, version: str) -> ClientTLS | None:
    certificate = peer.certificate
    if certificate is not None:
        return ClientTLS(version, on_connection=True, in_session=True, common_name=certificate.subject)
    return ClientTLS(version) if peer.transport in _TLS else None
