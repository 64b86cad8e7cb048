"""What a client's verified certificate says of it."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from protocols.session import Certificate

_UNREADABLE: Final = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    ValueError,
)
"""What cryptography says of extensions that are not there, or that it does not understand."""


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


def alternative_names(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    """Its subject alternative names; none where nobody can read them, or its extensions."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except _UNREADABLE:
        return ()
    return tuple(extension.value)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    kinds = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier, x509.RFC822Name)
    return tuple(str(name.value) for name in alternative_names(certificate) if isinstance(name, kinds))
