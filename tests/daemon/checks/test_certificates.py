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
    assert tls.certificate == ("main",)


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
    assert tls.certificate == (CertificateSpec(certificate=pem / "two.pem", key=pem / "two.key"),)
    wrong = inline.replace("two.key", "one.key")
    (message,) = refused(pem, "one.pem", "one.key", wrong)
    assert message.startswith("services.a.tls.certificate.key: this key does not belong")
    incomplete = inline.replace(", key: two.key", "")
    (message,) = refused(pem, "one.pem", "one.key", incomplete)
    assert message == "services.a.tls.certificate: key is missing"


def tls(text: str) -> str:
    return SERVICE.replace("tls: main", f"tls: {text}")


def test_several_certificates(pem: Path) -> None:
    several = tls("[main, {certificate: two.pem, key: two.key}]".join(("{certificate: ", "}")))
    found = load_with(pem, "one.pem", "one.key", several).config.services["a"].tls
    assert found is not None
    assert len(found.certificate) == 2
    (message,) = refused(pem, "one.pem", "one.key", several.replace("main", "mian"))
    assert message.startswith('services.a.tls.certificate[0]: there is no certificate "mian"')
    (message,) = refused(pem, "one.pem", "one.key", several.replace("two.key", "one.key"))
    assert message.startswith("services.a.tls.certificate[1].key: this key does not belong")
    (message,) = refused(pem, "one.pem", "one.key", several.replace(", key: two.key", ""))
    assert message == "services.a.tls.certificate[1]: key is missing"
    (message,) = refused(pem, "one.pem", "one.key", tls("{certificate: []}"))
    assert message == "services.a.tls.certificate: must not be empty"


def test_clients(pem: Path) -> None:
    good = load_with(pem, "one.pem", "one.key", tls("{certificate: main, client: one.pem}"))
    found = good.config.services["a"].tls
    assert found is not None
    assert found.client is not None
    assert (found.client.ca, found.client.crl, found.client.required) == (pem / "one.pem", None, True)
    bad = tls("{certificate: main, client: {ca: text.pem, crl: one.pem, required: maybe}}")
    assert len(refused(pem, "one.pem", "one.key", bad)) == 1
    assert refused(pem, "one.pem", "one.key", bad.replace("maybe", "false")) == [
        "services.a.tls.client.ca: text.pem holds no certificate in PEM form",
        "services.a.tls.client.crl: one.pem holds no certificate revocation list in PEM form",
    ]


def test_names(pem: Path) -> None:
    good = tls("{certificate: main, names: {a.test: {client: none}, '*.b.test': {client: {ca: one.pem}}}}")
    found = load_with(pem, "one.pem", "one.key", good).config.services["a"].tls
    assert found is not None
    assert found.names["a.test"].client == "none"
    bad = tls("{certificate: main, names: {a.test: mian, b.test: {client: text.pem}}}")
    unknown, no_authority = refused(pem, "one.pem", "one.key", bad)
    assert unknown.startswith('services.a.tls.names.a.test: there is no certificate "mian"')
    assert no_authority == ("services.a.tls.names.b.test.client: text.pem holds no certificate in PEM form")


@pytest.mark.parametrize(
    "name", ["A.test", "a..test", "*", "*.*.test", "a.*.test", "a b", "https://a.test", "a.test."]
)
def test_names_that_are_none(pem: Path, name: str) -> None:
    (message,) = refused(pem, "one.pem", "one.key", tls(f"{{certificate: main, names: {{'{name}': main}}}}"))
    assert "services.a.tls.names" in message


def test_stapled_responses(pem: Path) -> None:
    more = "certificates: {two: {certificate: two.pem, key: two.key, ocsp: text.pem}}\n" + SERVICE
    file = pem / "main.yaml"
    file.write_text(more.replace("tls: main", "tls: two"))
    with pytest.raises(ConfigError) as raised:
        load(file)
    (problem,) = raised.value.problems
    assert problem.path == "certificates.two.ocsp"
    assert problem.message == "text.pem holds no OCSP response in DER form"


def test_limits_and_profiles(pem: Path) -> None:
    good = tls("{certificate: main, profile: modern, handshake: 3s, pending: 10}")
    found = load_with(pem, "one.pem", "one.key", good).config.services["a"].tls
    assert found is not None
    assert (found.profile, found.handshake, found.pending) == ("modern", 3.0, 10)
    (message,) = refused(pem, "one.pem", "one.key", good.replace("modern", "moden"))
    assert "did you mean modern?" in message


def test_what_origins_are_shown(pem: Path) -> None:
    proxy = "{origins: 'https://a.test', certificate: main}"
    more = f"services: {{a: {{listen: tcp://127.0.0.1:0, http: {{/: {{proxy: {proxy}}}}}}}}}\n"
    load_with(pem, "one.pem", "one.key", more)
    (message,) = refused(pem, "one.pem", "one.key", more.replace("certificate: main", "certificate: mian"))
    assert message.startswith('services.a.http./.proxy.certificate: there is no certificate "mian"')
    plain = more.replace("https:", "http:")
    (message,) = refused(pem, "one.pem", "one.key", plain)
    assert message == "services.a.http./.proxy.certificate: is for origins whose URL begins with https://"
