from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest
import trustme

from protocols.guard.tls import ClientRule, TLSFileError
from protocols.guard.tls.clients import Clients


@pytest.fixture
def own(new_kit, tmp_path):
    return new_kit(tmp_path)


def lets_in(service, client):
    peer = service.connect(client, "a.test")
    try:
        peer.shake().read()
    except ssl.SSLError:
        return False
    return True


def test_who_has_been_revoked_is_refused(own, serve, version):
    good, bad = own.issue("good"), own.issue("bad")
    service = serve(own.issue("a.test"), client=ClientRule(own.ca, own.revoke(bad)))
    assert lets_in(service, own.client(version=version, certificate=good))
    assert not lets_in(service, own.client(version=version, certificate=bad))


def test_a_list_that_is_renewed(own, serve):
    one = own.issue("one")
    service = serve(own.issue("a.test"), client=ClientRule(own.ca, own.revoke()))
    client = own.client(certificate=one)
    assert lets_in(service, client)
    own.revoke(one)
    assert service.server.reload()
    assert not lets_in(service, client)


def test_a_list_that_is_out_of_date_lets_nobody_in(own, serve, warnings):
    service = serve(own.issue("a.test"), client=ClientRule(own.ca, own.revoke(days=-1)))
    assert not lets_in(service, own.client(certificate=own.issue("one")))
    service.server.warn(datetime.now(UTC))
    (text,) = warnings
    assert text.startswith(f"tested: {own.folder / 'crl.pem'}: the list of ")
    assert text.endswith(" is out of date: none of its clients is let in")


def with_intermediate(own):
    """A client's certificate from an authority below that of `own`."""
    child = own.authority.create_child_ca()
    issued = child.issue_cert("deep")
    path = own.folder / "deep.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    child.cert_pem.write_to_path(own.folder / "child.pem")
    return child, path


def test_certificates_between_are_looked_at_where_every_authority_has_a_list(own, serve):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    child, path = with_intermediate(own)
    (own.folder / "cas.pem").write_bytes(own.authority.cert_pem.bytes() + child.cert_pem.bytes())

    class Child:
        certificate = x509.load_pem_x509_certificate(child.cert_pem.bytes())
        key = load_pem_private_key(child.private_key_pem.bytes(), None)
        folder = own.folder

    type(own).revoke(Child, file="child.crl")
    child_files = type("F", (), {"certificate": own.folder / "child.pem"})
    client = own.client()
    client.load_cert_chain(path)
    for revoked, expected in (((), True), ((child_files,), False)):
        own.revoke(*revoked, file="root.crl")
        both = (own.folder / "root.crl").read_bytes() + (own.folder / "child.crl").read_bytes()
        (own.folder / "both.crl").write_bytes(both)
        rule = ClientRule(own.folder / "cas.pem", own.folder / "both.crl")
        assert lets_in(serve(own.issue("a.test"), client=rule), client) is expected


def test_files_that_do_not_hold_what_they_should(own):
    with pytest.raises(TLSFileError, match="holds no certificate in PEM form"):
        Clients(ClientRule(own.revoke()))
    with pytest.raises(TLSFileError, match="holds no certificate revocation list in PEM form"):
        Clients(ClientRule(own.ca, own.ca))
    with pytest.raises(TLSFileError, match="cannot be read"):
        Clients(ClientRule(own.ca, own.folder / "none"))
    broken = own.folder / "broken.crl"
    broken.write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    with pytest.raises(TLSFileError, match="holds no certificate revocation list"):
        Clients(ClientRule(own.ca, broken))


def test_a_client_from_below_the_authority(own, serve):
    _, path = with_intermediate(own)
    client = own.client()
    client.load_cert_chain(path)
    assert lets_in(serve(own.issue("a.test"), client=ClientRule(own.ca)), client)
    stranger = own.client()
    trustme.CA().issue_cert("x").configure_cert(stranger)
    assert not lets_in(serve(own.issue("a.test"), client=ClientRule(own.ca)), stranger)


def test_what_openssl_refuses(own, monkeypatch):
    from OpenSSL import SSL, crypto

    def refuse(store, certificate):
        raise crypto.Error([])

    clients = Clients(ClientRule(own.ca))
    monkeypatch.setattr(crypto.X509Store, "add_cert", refuse)
    with pytest.raises(TLSFileError, match="OpenSSL refuses"):
        clients.ask_in(SSL.Context(SSL.TLS_SERVER_METHOD))
