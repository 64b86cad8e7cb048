"""Whom to believe inside TLS: an origin is what its certificate proves, never what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

ALPN = [b"http/1.1"]


def origin_tls(name: str, ca: Path | None = None) -> IOpenSSLClientConnectionCreator:
    """TLS to the server `name` (SNI, RFC 6066 section 3), whose certificate must be for that name (RFC
    9525) and from an authority that is trusted: one of the system's, or, with `ca`, one of that file's.

    Raises :class:`ValueError` if the file holds no certificate, :class:`OSError` if it cannot be read.
    """
    trust: dict[str, Any] = {}
    if ca is not None:
        try:
            found = x509.load_pem_x509_certificates(ca.read_bytes())
        except ValueError:
            raise ValueError(f"{ca} holds no PEM certificate") from None
        certificates = [Certificate(crypto.X509.from_cryptography(certificate)) for certificate in found]
        trust["trustRoot"] = trustRootFromCertificates(certificates)
    return optionsForClientTLS(name, acceptableProtocols=ALPN, **trust)
