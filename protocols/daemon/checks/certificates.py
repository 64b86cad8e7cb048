"""Certificates: known by name, readable, and fitting their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from protocols.daemon.spec.tls import CertificateSpec, ClientSpec, TlsSpec
from protocols.guard.tls.files import TLSFileError, read_certificates, read_revocations
from protocols.guard.tls.staple import read_staple

MAX_PEM_SIZE = 1024 * 1024
"""Bytes of one PEM file: hundreds of certificates, and not a device that never ends."""


def check(parts: Parts) -> Iterator[Problem]:
    """Unknown names, files that cannot be read or do not hold what they should, keys that do not fit or are
    encrypted."""
    for name, certificate in parts.certificates.items():
        yield from _certified(("certificates", name), certificate, parts.origin)
    for name, service in parts.own.items():
        for place, route in service.routes:
            if route.proxy is not None and route.proxy.certificate is not None:
                path = ("services", name, *place, "proxy", "certificate")
                yield from _named(path, route.proxy.certificate, parts)
    for path, tls in parts.tls():
        yield from _tls(path, tls, parts)


def _tls(path: Path, tls: TlsSpec, parts: Parts) -> Iterator[Problem]:
    for index, each in enumerate(tls.certificate):
        place: Path = (*path, "certificate", index)
        if parts.origin.known(place) != place:
            place = (*path, "certificate")  # it is no list
        yield from _named(place, each, parts)
    if tls.client is not None:
        yield from _client((*path, "client"), tls.client, parts.origin)
    for name, own in tls.names.items():
        place = (*path, "names", name)
        if own.certificate is not None:
            yield from _named((*place, "certificate"), own.certificate, parts)
        if isinstance(own.client, ClientSpec):
            yield from _client((*place, "client"), own.client, parts.origin)


def _named(place: Path, named: str | CertificateSpec, parts: Parts) -> Iterator[Problem]:
    if isinstance(named, CertificateSpec):
        yield from _certified(place, named, parts.origin)
    elif parts.certificate_names is not None and named not in parts.certificate_names:
        text = f"there is no certificate {quoted(named)}"
        help_text = known_help(named, parts.certificate_names, "known certificates")
        yield parts.origin.problem(place, text + help_text)


def _client(path: Path, spec: ClientSpec, origin: Origin) -> Iterator[Problem]:
    files: list[tuple[str, FilePath, Callable[[FilePath], object]]] = [("ca", spec.ca, read_certificates)]
    if spec.crl is not None:
        files.append(("crl", spec.crl, read_revocations))
    for key, file, read in files:
        try:
            read(file)
        except TLSFileError as error:
            yield origin.problem((*path, key), str(error).replace(str(file), origin.shown(file)))


def _certified(path: Path, spec: CertificateSpec, origin: Origin) -> Iterator[Problem]:
    problems = list(_pair(path, spec, origin))
    yield from problems
    if spec.ocsp is not None and not problems:
        try:
            read_staple(spec.ocsp, read_certificates(spec.certificate))
        except TLSFileError as error:
            text = str(error).replace(str(spec.ocsp), origin.shown(spec.ocsp))
            yield origin.problem((*path, "ocsp"), text)


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
