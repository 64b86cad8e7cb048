"""``certificates`` and ``tls``: what a service proves itself with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, StringConstraints, Tag
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath

NAME = r"^[a-z0-9][a-z0-9_-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=64)]
"""A name that the operator gives: it appears in logs and metrics, so it is short and plain."""


class CertificateSpec(Spec):
    """A certificate and its private key, as PEM files."""

    certificate: FilePath
    """The PEM file of the certificate, followed by those of the authorities between it and the root."""
    key: FilePath
    """The PEM file of the private key, without a passphrase."""


def _form(value: Any) -> str:
    return "=inline" if isinstance(value, dict | CertificateSpec) else "=name"


def _no_file(value: Any) -> Any:
    if isinstance(value, str) and ("/" in value or value.endswith((".pem", ".crt", ".cer"))):
        text = (
            f"{quoted(value)} is a file; "
            "write {certificate: FILE, key: FILE}, or the name of an entry of certificates"
        )
        raise PydanticCustomError("certificate_name", "{problem}", {"problem": text})
    return value


class TlsSpec(Spec):
    """TLS for the `tls://` addresses of a service, and for its `fd://` addresses."""

    short = "certificate"

    certificate: Annotated[
        Annotated[Name, BeforeValidator(_no_file), Tag("=name")] | Annotated[CertificateSpec, Tag("=inline")],
        Discriminator(_form),
    ]
    """The name of an entry of `certificates`, or a mapping of `certificate` and `key`."""
