from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from protocols.guard.tls.identity import certificate_of

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def made(common_names=(), names=(), extensions=()):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in common_names])
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "tests")])
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 7, NOON - timedelta(days=1), NOON)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, SHA256())


def test_what_it_says():
    certificate = made(["device7", "second"], [x509.DNSName("a.test"), x509.RFC822Name("me@a.test")])
    found = certificate_of(certificate)
    assert (found.subject, found.names, found.expires) == ("device7", ("a.test", "me@a.test"), NOON)
    assert found.fingerprint == certificate.fingerprint(SHA256()).hex()


@pytest.mark.parametrize(
    "name",
    [x509.RegisteredID(x509.ObjectIdentifier("1.2.3")), x509.DirectoryName(x509.Name([]))],
)
def test_names_of_other_kinds_are_left_out(name):
    uri = x509.UniformResourceIdentifier("spiffe://fleet/7")
    assert certificate_of(made(["x"], [name, uri])).names == ("spiffe://fleet/7",)


@pytest.mark.parametrize("written", ["a504a1020c00", "a300"])
def test_names_that_nobody_can_read_are_none(written):
    content = bytes.fromhex(written)
    unreadable = x509.UnrecognizedExtension(
        x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes((0x30, len(content))) + content
    )
    found = certificate_of(made(["x"], extensions=[unreadable]))
    assert (found.subject, found.names) == ("x", ())


def test_nor_are_those_of_a_certificate_that_says_something_twice():
    once = [x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.{last}"), b"\5\0") for last in (4, 5)]
    der = made(["x"], [x509.DNSName("a.test")], once).public_bytes(Encoding.DER)
    twice = der.replace(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"))
    found = certificate_of(x509.load_der_x509_certificate(twice))
    assert (found.subject, found.names) == ("x", ())


def test_without_any_name():
    found = certificate_of(made())
    assert (found.subject, found.names) == ("", ())
