from __future__ import annotations

import shutil

import pytest

from protocols.guard.tls import (
    CertificateFiles,
    ClientRule,
    NameSettings,
    ServerTLS,
    TLSFileError,
    TLSSettings,
)


@pytest.fixture
def own(new_kit, tmp_path):
    return new_kit(tmp_path)


def shown(service, client):
    """The certificate that a new client is shown, and its connection."""
    peer = service.connect(client, "a.test").shake()
    return peer.end.getpeercert(binary_form=True), peer


def replace_by(files, other):
    shutil.copy(other.certificate, files.certificate)
    shutil.copy(other.key, files.key)


def test_new_connections_get_the_new_certificate_and_old_ones_go_on(own, serve):
    files = own.issue("a.test")
    service = serve(files)
    client = own.client()
    before, connected = shown(service, client)
    shaking = service.connect(client, "a.test")
    replace_by(files, own.issue("a.test", file="renewed"))
    assert service.server.reload()
    after, _ = shown(service, client)
    assert after != before
    connected.send(b"still here")
    shaking.shake()
    assert service.inner.built[0].heard == b"still here"
    assert shaking.end.getpeercert(binary_form=True) == before


@pytest.mark.parametrize("kind", ["mismatch", "broken", "gone"])
def test_files_that_are_no_good_change_nothing(own, serve, failures, kind):
    files = own.issue("a.test")
    service = serve(files)
    client = own.client()
    before, _ = shown(service, client)
    other = own.issue("a.test", file="other")
    if kind == "mismatch":
        shutil.copy(other.certificate, files.certificate)
    elif kind == "broken":
        files.certificate.write_text("-----BEGIN CERTIFICATE-----\n")
    else:
        files.key.unlink()
    assert not service.server.reload()
    assert not service.server.reload()
    (event,) = failures.events  # once
    failures.events.clear()
    assert "certificates are kept as they were" in event["log_format"]
    assert shown(service, client)[0] == before
    replace_by(files, other)
    assert service.server.reload()
    assert shown(service, client)[0] != before


def test_what_it_is_made_of(own):
    one, two, own_one = own.issue("one.test"), own.issue("two.test"), own.issue("three.test")
    rule = ClientRule(own.ca, own.revoke())
    settings = TLSSettings([one, two], names={"three.test": NameSettings(own_one, rule)})
    server = ServerTLS(settings)
    assert set(server.files()) == {
        *(file for files in (one, two, own_one) for file in files.all),
        own.ca,
        own.folder / "crl.pem",
    }


def test_when_certificates_run_out(own):
    one = own.issue("one.test")
    named = CertificateFiles(one.certificate, one.key, name="main")
    server = ServerTLS(TLSSettings([one, named]))
    assert set(server.expiries()) == {str(one.certificate), "main"}
    assert all(until.tzinfo is not None for until in server.expiries().values())


def test_files_that_do_not_hold_what_they_should(own):
    one, two = own.issue("one.test"), own.issue("two.test")
    for certificate, key, reason in (
        (one.certificate, two.key, "does not belong to the certificate"),
        (one.key, one.key, "holds no certificate"),
        (one.certificate, one.certificate, "holds no private key"),
        (one.certificate, own.folder / "none", "cannot be read: No such file"),
        (own.folder, one.key, "cannot be read"),
    ):
        with pytest.raises(TLSFileError, match=reason):
            ServerTLS.of(certificate, key)


def test_a_key_that_is_encrypted(own):
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    one = own.issue("one.test")
    key = load_pem_private_key(one.key.read_bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    one.key.write_bytes(encrypted)
    with pytest.raises(TLSFileError, match="is encrypted"):
        ServerTLS.of(one.certificate, one.key)


def test_a_key_that_openssl_takes_for_too_weak(own):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    pem, file = own.folder / "weak.pem", own.folder / "weak.key"
    pem.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TLSFileError, match="OpenSSL refuses"):
        ServerTLS.of(pem, file)
