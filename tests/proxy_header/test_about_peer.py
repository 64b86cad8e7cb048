"""What a header says of a peer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.proxy_header import ClientTLS, Place, ProxyHeader, header_about
from protocols.session import Certificate, Peer

CERTIFICATE = Certificate("dev7", ("dev7.example",), "ab" * 32, datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("peer", "here", "header"),
    [
        (
            Peer("tcp", "192.0.2.1", 4000),
            Place("127.0.0.1", 80),
            ProxyHeader(family="inet", source=Place("192.0.2.1", 4000), destination=Place("127.0.0.1", 80)),
        ),
        (
            Peer("tcp", "192.0.2.1", 4000),
            None,
            ProxyHeader(family="inet", source=Place("192.0.2.1", 4000), destination=Place("0.0.0.0")),
        ),
        (
            # The families of the two differ where the peer is somebody whom a proxy spoke for.
            Peer("tcp", "fe80::1%eth0", 4000),
            Place("127.0.0.1", 80),
            ProxyHeader(family="inet6", source=Place("fe80::1", 4000), destination=Place("::")),
        ),
        (
            Peer("tls", "192.0.2.1", 4000, "dev7", CERTIFICATE),
            None,
            ProxyHeader(
                family="inet",
                source=Place("192.0.2.1", 4000),
                destination=Place("0.0.0.0"),
                tls=ClientTLS(on_connection=True, in_session=True, common_name="dev7"),
            ),
        ),
        (
            Peer("wss", "192.0.2.1", 4000, "alice"),
            None,
            ProxyHeader(
                family="inet",
                source=Place("192.0.2.1", 4000),
                destination=Place("0.0.0.0"),
                tls=ClientTLS(),
            ),
        ),
        (
            Peer("udp", "192.0.2.1", 4000),
            None,
            ProxyHeader(
                family="inet", datagrams=True, source=Place("192.0.2.1", 4000), destination=Place("0.0.0.0")
            ),
        ),
        (
            Peer("unix", "/run/a"),
            Place("/run/b"),
            ProxyHeader(family="unix", source=Place("/run/a"), destination=Place("/run/b")),
        ),
        (Peer("tcp", "somewhere"), None, ProxyHeader()),
    ],
)
def test_of_every_kind(peer, here, header):
    assert header_about(peer, here=here) == header


def test_which_tls_it_speaks():
    assert header_about(Peer("tls", "192.0.2.1", 1), tls_version="TLSv1.3").tls == ClientTLS("TLSv1.3")
    with_certificate = header_about(Peer("tls", "192.0.2.1", 1, "dev7", CERTIFICATE), tls_version="TLSv1.2")
    assert with_certificate.tls is not None
    assert with_certificate.tls.version == "TLSv1.2"
