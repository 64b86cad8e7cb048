"""OCSP responses that a server staples to its certificate (RFC 6066, section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import Hash
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponseStatus,
    OCSPSingleResponse,
    load_der_ocsp_response,
)

from protocols.guard.tls.files import TLSFileError, read


def now() -> datetime:
    """The time by the clock on the wall, of which certificates speak."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Staple:
    """A response for one certificate."""

    der: bytes
    until: datetime | None
    """When there is newer information (nextUpdate); ``None``: any time."""

    def is_current(self, moment: datetime) -> bool:
        """Whether a client would believe it."""
        return self.until is None or moment < self.until


def read_staple(file: Path, chain: Sequence[x509.Certificate]) -> Staple:
    """The response of a DER file for the first certificate of `chain`.

    Its signature is for the client to verify.  Raises :class:`TLSFileError` if it is none, is for another
    certificate, or says anything but that this one is good.
    """
    content = read(file)
    try:
        response = load_der_ocsp_response(content)
        if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
            raise TLSFileError(f"{file} says {response.response_status.name.lower()} in place of a response")
        answers = list(response.responses)
    except ValueError as error:
        raise TLSFileError(f"{file} holds no OCSP response in DER form") from error
    for answer in answers:
        if _is_for(answer, chain):
            if answer.certificate_status is not OCSPCertStatus.GOOD:
                status = answer.certificate_status.name.lower()
                raise TLSFileError(f"{file} says that the certificate is {status}")
            return Staple(content, answer.next_update_utc)
    raise TLSFileError(f"{file} is for another certificate")


def _is_for(answer: OCSPSingleResponse, chain: Sequence[x509.Certificate]) -> bool:
    if answer.serial_number != chain[0].serial_number:
        return False
    names = Hash(answer.hash_algorithm)
    names.update(chain[0].issuer.public_bytes())
    if names.finalize() != answer.issuer_name_hash:
        return False
    if len(chain) == 1:
        return True  # by which key it was issued, only the authority's own certificate says
    request = OCSPRequestBuilder().add_certificate(chain[0], chain[1], answer.hash_algorithm).build()
    return request.issuer_key_hash == answer.issuer_key_hash
