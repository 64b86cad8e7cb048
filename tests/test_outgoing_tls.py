from __future__ import annotations

import contextlib

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from protocols.outgoing_tls import OutgoingTLS


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("outgoing") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


class Noting(Protocol):
    reason = None

    def connectionLost(self, reason):
        self.reason = reason.value


class Outcome:
    """A handshake in memory with a server that has a certificate of `authority`, and how it went."""

    def __init__(self, creator, authority, name, *, asks=False, protocols=()):
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        authority.issue_cert(name).configure_cert(context)
        if asks:
            authority.configure_trust(context)
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        context.set_alpn_select_callback(lambda _, offered: next(p for p in protocols if p in offered))
        self.server = SSL.Connection(context, None)
        self.server.set_accept_state()
        factory = TLSMemoryBIOFactory(creator, True, Factory.forProtocol(Noting), clock=object())
        self.client = factory.buildProtocol(None)
        self.inner = self.client.wrappedProtocol
        transport = StringTransport()
        self.client.makeConnection(transport)
        self.alert = ""
        for _ in range(5):
            self.server.bio_write(transport.value())
            transport.clear()
            try:
                self.server.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                self.alert = str(error)
            with contextlib.suppress(SSL.WantReadError):
                self.client.dataReceived(self.server.bio_read(65_536))
            if not transport.value():
                break
        self.done = not self.client._lostTLSConnection and not self.client._aborted
        self.reason = self.client._reason.value if self.client._reason else None


def test_a_server_that_is_who_it_should_be(authority, ca):
    outcome = Outcome(OutgoingTLS("a.test", ca=ca, protocols=[b"x"]), authority, "a.test", protocols=[b"x"])
    assert outcome.done
    assert outcome.server.get_servername() == b"a.test"
    assert outcome.client.negotiatedProtocol == b"x"


@pytest.mark.parametrize(("name", "issued"), [("127.0.0.1", "127.0.0.1"), ("::1", "0:0::1")])
def test_an_address_is_verified_and_never_sent(authority, ca, name, issued):
    outcome = Outcome(OutgoingTLS(name, ca=ca), authority, issued)
    assert outcome.done
    assert outcome.server.get_servername() is None


def test_another_name(authority, ca):
    outcome = Outcome(OutgoingTLS("b.test", ca=ca), authority, "a.test")
    assert not outcome.done
    assert isinstance(outcome.reason, VerificationError)


@pytest.mark.parametrize("system", [True, False])
def test_an_authority_that_is_not_trusted(ca, system):
    outcome = Outcome(OutgoingTLS("a.test", ca=ca, system=system), trustme.CA(), "a.test")
    assert not outcome.done
    assert "certificate verify failed" in str(outcome.reason)


def test_the_system_does_not_know_the_authority(authority):
    assert not Outcome(OutgoingTLS("a.test"), authority, "a.test").done


def test_the_file_is_trusted_besides_the_system(authority, ca):
    assert Outcome(OutgoingTLS("a.test", ca=ca, system=True), authority, "a.test").done


def test_any_server_is_believed_where_told_to():
    outcome = Outcome(OutgoingTLS("b.test", verify=False), trustme.CA(), "a.test")
    assert outcome.done
    assert outcome.server.get_servername() == b"b.test"


@pytest.mark.parametrize("together", [True, False])
def test_a_certificate_of_our_own(authority, ca, tmp_path, together):
    own = authority.issue_cert("device7")
    if together:
        own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
        creator = OutgoingTLS("a.test", ca=ca, certificate=tmp_path / "own.pem")
    else:
        own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
        own.private_key_pem.write_to_path(tmp_path / "own.key")
        creator = OutgoingTLS("a.test", ca=ca, certificate=tmp_path / "own.pem", key=tmp_path / "own.key")
    outcome = Outcome(creator, authority, "a.test", asks=True)
    assert (outcome.done, outcome.alert) == (True, "")
    assert outcome.server.get_peer_certificate() is not None


def test_a_server_that_wants_a_certificate_we_do_not_have(authority, ca):
    outcome = Outcome(OutgoingTLS("a.test", ca=ca), authority, "a.test", asks=True)
    assert "peer did not return a certificate" in outcome.alert


def test_files_that_do_not_hold_what_they_should(authority, ca, tmp_path):
    other = tmp_path / "other.key"
    authority.issue_cert("b").private_key_pem.write_to_path(other)
    with pytest.raises(
        ValueError, match=r"the key in .*other\.key does not belong to the certificate in .*ca"
    ):
        OutgoingTLS("a.test", certificate=ca, key=other)
    with pytest.raises(ValueError, match=r"ca\.pem holds no private key in PEM form"):
        OutgoingTLS("a.test", certificate=ca)
    secret = tmp_path / "secret.key"
    lock = BestAvailableEncryption(b"sesame")
    secret.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    )
    with pytest.raises(ValueError, match=r"the key in .*secret\.key is encrypted"):
        OutgoingTLS("a.test", certificate=ca, key=secret)
    useless = tmp_path / "useless.key"
    plain = x25519.X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    useless.write_bytes(plain)
    with pytest.raises(ValueError, match=r"useless\.key"):
        OutgoingTLS("a.test", certificate=ca, key=useless)
    with pytest.raises(ValueError, match="holds no PEM certificate"):
        OutgoingTLS("a.test", ca=other)
    with pytest.raises(OSError, match="missing"):
        OutgoingTLS("a.test", ca=tmp_path / "missing")


def test_names_of_other_scripts():
    assert OutgoingTLS("bücher.example")._sni == b"xn--bcher-kva.example"
    assert OutgoingTLS("under_score.example")._sni == b"under_score.example"
    with pytest.raises(ValueError, match="is no name of a host"):
        OutgoingTLS("ü" * 70)
