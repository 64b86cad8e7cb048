"""What a development authority says of revocation: nothing has been revoked."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from protocols.daemon.command.development_ca import BACKDATED, Pair


def revocation_list(authority: Pair, now: datetime) -> bytes:
    """An empty list (RFC 5280, section 5), in PEM, which is good for as long as the authority."""
    certificate = authority.certificate
    builder = x509.CertificateRevocationListBuilder(
        certificate.subject, now - BACKDATED, certificate.not_valid_after_utc
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def ocsp_response(authority: Pair, certificate: x509.Certificate, now: datetime) -> bytes:
    """That `certificate` is good (RFC 6960), in DER, until it ends."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=authority.certificate,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=now - BACKDATED,
        next_update=certificate.not_valid_after_utc,
        revocation_time=None,
        revocation_reason=None,
    )
    response = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    return response.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)
