"""TLS of a client: whom to believe, and what to show."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class TLS:
    """TLS 1.2 or 1.3 with a server that proves its name (RFC 9525).

    :meth:`context` raises :class:`ValueError` for a file that does not hold what it should, and
    :class:`OSError` for one that cannot be read.
    """

    ca: Path | str | None = None
    """PEM certificates of authorities that are trusted besides the system's."""
    server_name: str | None = None
    """The DNS name or IP address that the certificate must be for; ``None``: the host of the URL."""
    certificate: Path | str | None = None
    """PEM: our own certificate, for a server that asks for one, then intermediate ones."""
    key: Path | str | None = None
    """PEM: its key, not encrypted; ``None`` if it stands in the same file."""
    believe_any_server: bool = False
    """No protection at all: whoever answers is believed, also somebody in the middle."""

    def context(self, *, check_hostname: bool = False) -> ssl.SSLContext:
        """What :mod:`ssl` needs.

        :param check_hostname: have OpenSSL look at the name; otherwise :func:`check_name` must be called
            after the handshake, which says what the certificate is for instead.
        """
        context = ssl.create_default_context()
        context.check_hostname = False
        if self.believe_any_server:
            context.verify_mode = ssl.CERT_NONE
        else:
            context.check_hostname = check_hostname
        if self.ca is not None:
            context.load_verify_locations(cadata=_certificates(self.ca))
        if self.certificate is not None:
            _show(context, Path(self.certificate), Path(self.key or self.certificate))
        return context


class CertificateNameError(Exception):
    """The certificate is valid, but not for this server."""


def check_name(name: str, certificate: bytes | None) -> None:
    """Check that `certificate` (DER), whose chain is trusted, is for `name`.

    By the same rules as :mod:`protocols.outgoing_tls`.  Raises :class:`CertificateNameError`, and
    :class:`ValueError` for a `name` that is none.
    """
    from cryptography import x509
    from service_identity import VerificationError
    from service_identity.cryptography import extract_patterns
    from service_identity.exceptions import CertificateError
    from service_identity.hazmat import verify_service_identity

    from protocols.outgoing_tls import identity_of

    if certificate is None:
        raise CertificateNameError("the server has shown no certificate")
    shown = x509.load_der_x509_certificate(certificate)
    try:
        verify_service_identity(extract_patterns(shown), [identity_of(name)[1]], [])
    except (VerificationError, CertificateError):
        raise CertificateNameError(f"the server's certificate is not for {name}{_names(shown)}") from None


def _names(certificate: x509.Certificate) -> str:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ", it names no host"
    return ", but for " + ", ".join(str(name.value) for name in names.value)


def _certificates(file: Path | str) -> bytes:
    """All certificates of a PEM file, as DER."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from protocols.outgoing_tls import read_certificates

    return b"".join(each.public_bytes(Encoding.DER) for each in read_certificates(Path(file)))


def _show(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for file in (certificate, key):
        file.open("rb").close()  # OpenSSL's error would not say which
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(
                f"the key in {key} does not belong to the certificate in {certificate}"
            ) from None
        what = certificate if certificate == key else f"{certificate} or {key}"
        raise ValueError(f"{what} does not hold a certificate and its key, not encrypted, as PEM") from None
