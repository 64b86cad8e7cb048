"""What a header proves of a client."""

from __future__ import annotations

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from protocols.guard.proxy_protocol.identity import NOT_SAID, identified
from protocols.proxy_header import ClientTLS
from protocols.session import Certificate, Credentials, Peer

PEER = Peer("tcp", "203.0.113.7", 5000)
TLS = Peer("tls", "203.0.113.7", 5000)


@pytest.fixture(scope="module")
def der() -> bytes:
    issued = trustme.CA().issue_cert("alice@example.org", common_name="alice")
    pem = issued.cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_the_whole_certificate(der) -> None:
    known = identified(PEER, ClientTLS(on_connection=True, common_name="other", certificate=der))
    assert known.user == "alice"
    assert known.certificate is not None
    assert known.certificate.names == ("alice@example.org",)
    assert len(known.certificate.fingerprint) == 64


@pytest.mark.parametrize("certificate", [None, b"no certificate"])
def test_its_name_alone(certificate) -> None:
    known = identified(PEER, ClientTLS(in_session=True, common_name="alice", certificate=certificate))
    assert known == Peer("tls", "203.0.113.7", 5000, "alice", Certificate("alice", (), "", NOT_SAID))


def test_nothing_of_one_that_was_not_verified(der) -> None:
    said = {"common_name": "alice", "certificate": der}
    assert identified(PEER, ClientTLS(verify=1, on_connection=True, **said)) == TLS
    assert identified(PEER, ClientTLS(**said)) == TLS


def test_no_tls() -> None:
    assert identified(PEER, None) is PEER
    unix = Peer("unix", "/a", credentials=Credentials(1, 1, 1))
    assert identified(unix, ClientTLS()) == unix
