"""What a server proves itself with, read from its files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from twisted.logger import Logger

from protocols.guard.tls.expiry import expiry_warning
from protocols.guard.tls.files import CertificateFiles, TLSFileError, read, read_certificates
from protocols.guard.tls.identity import alternative_names
from protocols.guard.tls.key_mode import key_warning
from protocols.guard.tls.staple import Staple, now, read_staple

log = Logger(namespace="polyport")


class Credential:
    """A certificate, the chain behind it, its key, and what is stapled to it.

    Raises :class:`~.files.TLSFileError` for files that do not hold what they should, or do not fit each
    other; a file of OCSP that does not is refused by itself, which is logged, for it may well come later
    than its certificate.

    .. attribute:: names

       The DNS names it is for, in lower case, wildcards among them.
    """

    def __init__(self, files: CertificateFiles, before: Credential | None = None) -> None:
        """`before` is what the files held until now."""
        self.files = files
        self.chain = read_certificates(files.certificate)
        self.key = _read_key(files, self.chain[0])
        self.names = _names(self.chain[0])
        self._staple = self._read_staple(before)

    @property
    def expires(self) -> datetime:
        return self.chain[0].not_valid_after_utc

    @property
    def label(self) -> str:
        """What it is called in the log."""
        return self.files.name or str(self.files.certificate)

    def staple(self) -> bytes:
        """What is stapled now, in DER; empty if nothing is."""
        return self._staple.der if self._staple is not None and self._staple.is_current(now()) else b""

    def warnings(self, moment: datetime) -> Iterator[str]:
        """What should be seen to: that it runs out, who can read its key, that nothing can be stapled."""
        if text := expiry_warning(self.label, self.expires, moment):
            yield text
        if text := key_warning(self.files.key):
            yield text
        if self._staple is not None and not self._staple.is_current(moment):
            yield f"{self.files.ocsp} is out of date, and not stapled"

    def _read_staple(self, before: Credential | None) -> Staple | None:
        if self.files.ocsp is None:
            return None
        try:
            return read_staple(self.files.ocsp, self.chain)
        except TLSFileError as error:
            log.warn("not stapled to {certificate}: {error}", certificate=self.label, error=error)
        same = before is not None and before.chain[0] == self.chain[0]
        return before._staple if before is not None and same else None


def _read_key(files: CertificateFiles, certificate: x509.Certificate) -> PrivateKeyTypes:
    """The key, which must be that of `certificate`."""
    content = read(files.key)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as error:
        # cryptography's way to say that a passphrase is needed.
        raise TLSFileError(f"the key in {files.key} is encrypted") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TLSFileError(f"{files.key} holds no private key in PEM form") from error
    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TLSFileError(f"{files.certificate} is for a kind of key that is not known") from error
    spki = PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(Encoding.DER, spki) != public.public_bytes(Encoding.DER, spki):
        raise TLSFileError(
            f"the key in {files.key} does not belong to the certificate in {files.certificate}"
        )
    return key


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    names = alternative_names(certificate)
    return tuple(name.value.lower() for name in names if isinstance(name, x509.DNSName))
