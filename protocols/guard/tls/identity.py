"""What a client's verified certificate says of it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from protocols.session import Certificate


def certificate_of(certificate: x509.Certificate) -> Certificate:
    """In our words.  What stands in it in a form that is none is left out: its authority vouches for it, but
    not for how it is written."""
    return Certificate(
        subject=_common_name(certificate),
        names=_names(certificate),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        expires=certificate.not_valid_after_utc,
    )


def _common_name(certificate: x509.Certificate) -> str:
    try:
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(found[0].value) if found and isinstance(found[0].value, str) else ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    kinds = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier, x509.RFC822Name)
    return tuple(str(name.value) for name in extension.value if isinstance(name, kinds))
