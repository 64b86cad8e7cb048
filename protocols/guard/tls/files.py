"""The files that TLS is made of, and what they must hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes of one file: ten thousand certificates, and not a device that never ends."""


class TLSFileError(Exception):
    """A file cannot be read, or does not hold what it should; the text says which, and shows none of it."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """What a server proves itself with."""

    certificate: Path
    """PEM: the certificate, then the intermediate ones."""
    key: Path
    """PEM: its private key, not encrypted."""
    ocsp: Path | None = None
    """DER: what the authority says of its revocation (RFC 6960)."""
    name: str = ""
    """What the operator calls it; unless said, it goes by its file."""

    @property
    def all(self) -> tuple[Path, ...]:
        return (self.certificate, self.key) + ((self.ocsp,) if self.ocsp else ())


@dataclass(frozen=True, slots=True)
class ClientRule:
    """Which clients have to prove themselves, and by whom they are known."""

    ca: Path
    """PEM: the authorities whose certificates are taken."""
    crl: Path | None = None
    """PEM: the lists of those that have been revoked (RFC 5280, section 5)."""
    required: bool = True
    """Whether a client without a certificate is refused; one with a bad certificate always is."""

    @property
    def all(self) -> tuple[Path, ...]:
        return (self.ca,) + ((self.crl,) if self.crl else ())


def read(file: Path) -> bytes:
    """What `file` holds.  Raises :class:`TLSFileError`."""
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE)
    except OSError as error:
        raise TLSFileError(f"{file} cannot be read: {error.strerror}") from error


def read_certificates(file: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, one at least.  Raises :class:`TLSFileError`."""
    try:
        return x509.load_pem_x509_certificates(read(file))
    except ValueError as error:
        raise TLSFileError(f"{file} holds no certificate in PEM form") from error


def read_revocations(file: Path) -> list[x509.CertificateRevocationList]:
    """The revocation lists of a PEM file, one at least.  Raises :class:`TLSFileError`."""
    end = b"-----END X509 CRL-----"
    blocks = [block + end for block in read(file).split(end)[:-1]]
    try:
        lists = [x509.load_pem_x509_crl(block) for block in blocks]
    except (ValueError, UnsupportedAlgorithm):
        lists = []
    if not lists:
        raise TLSFileError(f"{file} holds no certificate revocation list in PEM form")
    return lists
