"""Certificates and keys, made anew for each run."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from protocols.daemon.loader import Loaded, load
from protocols.daemon.problems import ConfigError
from protocols.daemon.spec.tls import CertificateSpec

SERVICE = "services: {a: {listen: tls://127.0.0.1:0, builtin: echo, tls: main}}\n"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    for name in ("one", "two"):
        issued = authority.issue_cert(f"{name}.example.test")
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        (folder / f"{name}.pem").write_bytes(chain + authority.cert_pem.bytes())
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    key = load_pem_private_key((folder / "one.key").read_bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
    (folder / "encrypted.key").write_bytes(encrypted)
    (folder / "text.pem").write_text("no certificate, but a line worth keeping to oneself")
    return folder


def load_with(pem: Path, certificate: str, key: str, more: str = SERVICE) -> Loaded:
    file = pem / "main.yaml"
    file.write_text(f"certificates: {{main: {{certificate: {certificate}, key: {key}}}}}\n{more}")
    return load(file)


def refused(pem: Path, certificate: str, key: str, more: str = SERVICE) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load_with(pem, certificate, key, more)
    return [f"{problem.path}: {problem.message}" for problem in raised.value.problems]


def test_a_pair_that_fits(pem: Path) -> None:
    loaded = load_with(pem, "one.pem", "one.key")
    assert loaded.config.certificates["main"].certificate == pem / "one.pem"
    tls = loaded.config.services["a"].tls
    assert tls is not None
    assert tls.certificate == "main"


def test_a_key_of_another_certificate(pem: Path) -> None:
    assert refused(pem, "one.pem", "two.key") == [
        "certificates.main.key: this key does not belong to the first certificate of the file beside it"
    ]


def test_an_encrypted_key(pem: Path) -> None:
    (message,) = refused(pem, "one.pem", "encrypted.key")
    assert "the key in encrypted.key is encrypted; decrypt it with" in message


def test_files_that_hold_something_else(pem: Path) -> None:
    assert refused(pem, "text.pem", "one.pem") == [
        "certificates.main.certificate: text.pem holds no certificate in PEM form",
        "certificates.main.key: one.pem holds no private key in PEM form",
    ]


def test_files_that_are_not_there(pem: Path) -> None:
    certificate, key = refused(pem, "none.pem", "none.key")
    assert "none.pem cannot be read: No such file or directory; `polyport cert`" in certificate
    assert "none.key cannot be read" in key


def test_an_unknown_name(pem: Path) -> None:
    more = SERVICE.replace("main", "mian") + "defaults: {tls: other}\n"
    first, second = refused(pem, "one.pem", "one.key", more)
    assert first.endswith('no certificate "mian"; known certificates: main; did you mean main?')
    assert second == ('defaults.tls: there is no certificate "other"; known certificates: main')


def test_the_name_of_an_invalid_certificate_is_known(pem: Path) -> None:
    (message,) = refused(pem, "one.pem", "5")
    assert message == "certificates.main.key: a path is expected, not the number 5"


def test_a_certificate_without_a_name(pem: Path) -> None:
    inline = SERVICE.replace("main", "{certificate: {certificate: two.pem, key: two.key}}")
    tls = load_with(pem, "one.pem", "one.key", inline).config.services["a"].tls
    assert tls is not None
    assert tls.certificate == CertificateSpec(certificate=pem / "two.pem", key=pem / "two.key")
    wrong = inline.replace("two.key", "one.key")
    (message,) = refused(pem, "one.pem", "one.key", wrong)
    assert message.startswith("services.a.tls.certificate.key: this key does not belong")
    incomplete = inline.replace(", key: two.key", "")
    (message,) = refused(pem, "one.pem", "one.key", incomplete)
    assert message == "services.a.tls.certificate: key is missing"
