"""``certificates`` and ``tls``: what a service proves itself with."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    StringConstraints,
    Tag,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Duration, PositiveDuration

NAME = r"^[a-z0-9][a-z0-9_-]*$"
NAME_LENGTH = 64
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=NAME_LENGTH)]
"""A name that the operator gives: it appears in logs and metrics, so it is short and plain."""


def is_name(value: object) -> bool:
    """Whether `value` is such a name."""
    return isinstance(value, str) and len(value) <= NAME_LENGTH and re.fullmatch(NAME, value) is not None


class CertificateSpec(Spec):
    """A certificate and its private key, as PEM files."""

    certificate: FilePath
    """The PEM file of the certificate, followed by those of the authorities between it and the root."""
    key: FilePath
    """The PEM file of the private key, without a passphrase."""
    ocsp: FilePath | None = None
    """The DER file of the authority's OCSP response, which is stapled to the certificate."""


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


Certificate = Annotated[
    Annotated[Name, BeforeValidator(_no_file), Tag("=name")] | Annotated[CertificateSpec, Tag("=inline")],
    Discriminator(_form),
]
"""The name of an entry of ``certificates``, or a mapping."""


class ClientSpec(Spec):
    """Certificates by which clients prove who they are."""

    short = "ca"

    ca: FilePath
    """The PEM file of the authorities that clients' certificates must be from."""
    crl: FilePath | None = None
    """The PEM file of their revocation lists."""
    required: StrictBool = True
    """Whether clients without a certificate are refused; those with a bad one always are."""


def _client_form(value: Any) -> str:
    return "=none" if value == "none" else "=client"


class _Any:
    """Annotation of a union whose alternatives the schema cannot tell apart: a file may be called `none`."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        found["anyOf"] = found.pop("oneOf")
        return found


NameClient = Annotated[
    Annotated[Literal["none"], Tag("=none")] | Annotated[ClientSpec, Tag("=client")],
    Discriminator(_client_form),
    _Any(),
]


class NameSpec(Spec):
    """What a name that clients ask for (SNI) has of its own."""

    short = "certificate"

    certificate: Certificate | None = None
    """Unless said, that of the service which is for the name."""
    client: NameClient | None = None
    """Unless said, as for the service; `none` asks for no certificate."""


_SNI = r"^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$"

ServerName = Annotated[str, StringConstraints(pattern=_SNI, max_length=253)]
"""A DNS name in lower case, or `*.` and one."""


class TlsSpec(Spec):
    """TLS for the `tls://` addresses of a service, and for its `fd://` addresses."""

    short = "certificate"

    certificate: Annotated[tuple[Certificate, ...], Listed(least=1, mappings=True)]
    """The name of an entry of `certificates`, or a mapping of `certificate` and `key`; or a list of both: a
    client gets the first that is for the name it asks for, or else the first of all."""
    profile: Annotated[Literal["intermediate", "modern"], Known()] = "intermediate"
    """Mozilla's recommendations: TLS 1.2 and 1.3, or 1.3 only."""
    client: ClientSpec | None = None
    """Certificates by which clients prove who they are."""
    names: Annotated[dict[ServerName, NameSpec], Field(default_factory=dict)]
    """For names that clients ask for (SNI), what differs; `*.example.org` is any name below."""
    handshake: PositiveDuration = Duration.parse("10s")
    """How long a handshake may take."""
    pending: Annotated[StrictInt, Field(ge=1)] = 256
    """Handshakes at once for each address; then the oldest goes of the source that has most."""

    @property
    def asks_for_certificates(self) -> bool:
        """Whether clients are asked for one, at least for some name."""
        named = (spec.client for spec in self.names.values())
        return self.client is not None or any(isinstance(client, ClientSpec) for client in named)
