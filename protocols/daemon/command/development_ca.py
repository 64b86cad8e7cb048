"""A certificate authority for development, and the certificates it signs.

``trustme`` makes such things too, but its authorities are valid until the year 3000 and may sign further
authorities; one that people put into their trust store should end, and do nothing but this.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import idna
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3653
"""Days an authority is valid: ten years."""

BACKDATED = timedelta(minutes=5)
"""How far in the past validity begins, for clocks that are slow."""

MAX_COMMON_NAME = 64
"""Characters of the longest common name (RFC 5280, appendix A.1)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Read a pair.  Raises :class:`ValueError` if it is none, or not of the kind made here."""
        try:
            loaded = load_pem_private_key(key, None)
        except TypeError:
            raise ValueError("the key is encrypted") from None
        found = x509.load_pem_x509_certificate(certificate)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise ValueError("the key is not one for an elliptic curve")
        if loaded.public_key() != found.public_key():
            raise ValueError("the key is not the certificate's")
        return cls(found, loaded)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PKCS #8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def general_name(text: str) -> x509.GeneralName:
    """`text` as an IP address or a DNS name, perhaps with a wildcard in front (RFC 6125, 6.4.3).

    Raises :class:`ValueError`, whose text says what is wrong.
    """
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    wildcard, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f'"{text}" is no host name: {error}') from None
    labels = ascii_name.split(".")
    digits = labels[-1].isdigit()
    if len(ascii_name) > 253 or digits or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f'"{text}" is no host name, wildcard (*.example.test) or IP address')
    if wildcard and len(labels) < 2:
        raise ValueError(f'"{text}" would be every host there is; name a domain, as in *.example.test')
    return x509.DNSName(wildcard + ascii_name)


def make_authority(now: datetime) -> Pair:
    """A new authority, valid from `now` (with a time zone) for :data:`AUTHORITY_DAYS`."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # A name of its own, or two authorities in one trust store are mistaken for each other.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Polyport development"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Polyport development CA {serial % 16**8:08x}"),
        ]
    )
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder(name, name, public, serial)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def issue(authority: Pair, names: Sequence[str], days: int, now: datetime) -> Pair:
    """A new certificate for `names`, usable by servers and clients, that ends before `authority` does.

    Raises :class:`ValueError` for a bad name (see :func:`general_name`).
    """
    alternatives = [general_name(name) for name in names]
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    ends = min(now + timedelta(days=days), authority.certificate.not_valid_after_utc)
    short = len(names[0]) <= MAX_COMMON_NAME
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])] if short else [])
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder(authority.certificate.subject, subject, public, x509.random_serial_number())
        .not_valid_before(max(now - BACKDATED, authority.certificate.not_valid_before_utc))
        .not_valid_after(ends)
        # Critical where nothing else names the subject (RFC 5280, section 4.2.1.6).
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=not short)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Pair(certificate, key)


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
