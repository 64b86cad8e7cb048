"""Certificates: known by name, readable, and fitting their keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from protocols.daemon.checks.parts import Parts
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem, known_help, quoted
from protocols.daemon.spec.tls import CertificateSpec

MAX_PEM_SIZE = 1024 * 1024
"""Bytes of one PEM file: hundreds of certificates, and not a device that never ends."""


def check(parts: Parts) -> Iterator[Problem]:
    """Unknown names, files that cannot be read or are not PEM, keys that do not fit or are encrypted."""
    for name, certificate in parts.certificates.items():
        yield from _pair(("certificates", name), certificate, parts.origin)
    for path, tls in parts.tls():
        place = (*path, "certificate")
        if isinstance(tls.certificate, CertificateSpec):
            yield from _pair(place, tls.certificate, parts.origin)
        elif parts.certificate_names is not None and tls.certificate not in parts.certificate_names:
            text = f"there is no certificate {quoted(tls.certificate)}"
            help_text = known_help(tls.certificate, parts.certificate_names, "known certificates")
            yield parts.origin.problem(place, text + help_text)


class _UnusableError(Exception):
    """A file that does not hold what it should; the text says why, and shows nothing of the file."""


def _pair(path: Path, spec: CertificateSpec, origin: Origin) -> Iterator[Problem]:
    certificate: x509.Certificate | None = None
    key: PrivateKeyTypes | None = None
    try:
        certificate = _certificate(spec.certificate, origin)
    except _UnusableError as error:
        yield origin.problem((*path, "certificate"), str(error))
    try:
        key = _key(spec.key, origin)
    except _UnusableError as error:
        yield origin.problem((*path, "key"), str(error))
    if certificate and key and _public(certificate.public_key()) != _public(key.public_key()):
        text = "this key does not belong to the first certificate of the file beside it"
        yield origin.problem((*path, "key"), text, safe=True)


def _certificate(file: FilePath, origin: Origin) -> x509.Certificate:
    content = _content(file, origin)
    try:
        certificate = x509.load_pem_x509_certificates(content)[0]
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _UnusableError(f"{origin.shown(file)} holds no certificate in PEM form") from error
    return certificate


def _key(file: FilePath, origin: Origin) -> PrivateKeyTypes:
    content, shown = _content(file, origin), origin.shown(file)
    try:
        return load_pem_private_key(content, password=None)
    except TypeError as error:
        # cryptography's way to say that a passphrase is needed.
        raise _UnusableError(
            f"the key in {shown} is encrypted; decrypt it with: openssl pkey -in KEY -out PLAIN"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _UnusableError(f"{shown} holds no private key in PEM form") from error


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _content(file: FilePath, origin: Origin) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_PEM_SIZE)
    except OSError as error:
        hint = "; `polyport cert` makes one to try things out" if isinstance(error, FileNotFoundError) else ""
        text = f"{origin.shown(file)} cannot be read: {error.strerror}{hint}"
        raise _UnusableError(text) from error
