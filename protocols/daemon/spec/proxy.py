"""``proxy``: the HTTP servers that answer behind this one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    StrictInt,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.header import HeaderName
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath, folder_of
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.tls import Certificate
from protocols.daemon.spec.values import Duration, PositiveDuration
from protocols.http import OriginURL

_ORIGIN = r"^(https?://[^/?#@\s]+(/[^?#\s]*)?|unix:[^\s]+)$"
_NAME = r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$"
_PROTOCOL = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+(/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$"


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_value", "{problem}", {"problem": text})


def _origin(value: Any, info: ValidationInfo) -> OriginURL:
    if isinstance(value, OriginURL):
        return value
    if not isinstance(value, str):
        raise _wrong(
            f"the URL of an origin such as http://127.0.0.1:9000 is expected, not {described(value)}"
        )
    try:
        url = OriginURL.parse(value)
        folder = folder_of(info)
        return url.within(folder) if folder else url
    except ValueError as error:
        raise _wrong(str(error)) from error


Origin = Annotated[
    OriginURL,
    PlainValidator(_origin),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _ORIGIN,
            "examples": ["http://127.0.0.1:9000", "https://app.example.org/base/", "unix:app.sock"],
        }
    ),
]
"""The URL of a server: http://, https:// or unix:."""


def _matches(pattern: str, what: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise _wrong(f"{quoted(value)} is not {what}")
        return value

    return BeforeValidator(check)


ServerName = Annotated[
    StrictStr,
    _matches(_NAME, "the name of a host, such as app.example.org"),
    WithJsonSchema({"type": "string", "pattern": _NAME}),
]
"""The name of a host, or an IP address, as certificates have it."""

UpgradeName = Annotated[
    StrictStr,
    _matches(_PROTOCOL, "the name of a protocol, such as websocket"),
    WithJsonSchema({"type": "string", "pattern": _PROTOCOL}),
]
"""The name of a protocol in an Upgrade field (RFC 9110 section 7.8)."""


class ProxySpec(Spec):
    """Passes requests on to other HTTP servers, the origins."""

    short = "origins"

    origins: Annotated[tuple[Origin, ...], Listed(least=1)]
    """One URL or a list: `http://HOST:PORT`, `https://HOST`, or `unix:PATH` for HTTP over a Unix socket.
    Where it has a path (`unix:PATH:/base/`), that stands for the route's own; without one, paths go
    through unchanged."""
    balance: Annotated[Literal["round_robin", "least_connections"], Known()] = "round_robin"
    """Which of several origins gets a request: each in turn, or the one that has the fewest."""
    host: Annotated[Literal["preserve", "origin"], Known()] = "preserve"
    """The Host that origins see: the one that the client asked for, or their own."""
    forwarded: Annotated[Literal["replace", "append"], Known()] = "replace"
    """What becomes of the client's own Forwarded and X-Forwarded fields; append only where every client is
    a proxy that can be believed."""
    identity: HeaderName | None = None
    """The header field that tells origins who the client has proved to be, by a login, a certificate or its
    account, such as `X-Remote-User`. If it has proved nothing there is none; what clients write there is not
    passed on."""
    redirects: Annotated[Literal["rewrite", "keep"], Known()] = "rewrite"
    """Whether a Location that leads to the origin is made to lead here."""
    upgrade: Annotated[tuple[UpgradeName, ...], Listed()] = ("websocket",)
    """The protocols to which clients and origins may switch; nothing here looks into them."""
    ca: FilePath | None = None
    """PEM file of the authorities that origins' certificates must be from (https); unless said, those that
    the system trusts."""
    server_name: ServerName | None = None
    """The name that origins' certificates must be for (https), if it is not the host of their URL."""
    certificate: Certificate | None = None
    """What origins are shown that ask for a certificate (https): the name of an entry of `certificates`, or a
    mapping of `certificate` and `key`."""
    connect: PositiveDuration = Duration.parse("5s")
    """How long a connection may take to come about (504), or a request wait for one (503)."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long an origin may take to begin its response, once it has the request (504)."""
    idle: PositiveDuration = Duration.parse("60s")
    """How long it may pause within the response, or read nothing of the request."""
    keep_alive: PositiveDuration = Duration.parse("4s")
    """How long an unused connection is kept open; less than the origins keep it is best."""
    connections: Annotated[StrictInt, Field(ge=1)] = 100
    """Connections to each origin at a time, WebSockets included."""
    queue: Annotated[StrictInt, Field(ge=0)] = 100
    """Requests that may wait for a connection; more are answered with 503 at once."""
    failures: Annotated[StrictInt, Field(ge=1)] = 3
    """How often in a row an origin fails before it gets no requests for a while, unless all have failed."""
    out: PositiveDuration = Duration.parse("10s")
    """How long that is."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        origins = data.get("origins")
        written = [origins] if isinstance(origins, str) else origins
        if not isinstance(written, list) or any(str(url).startswith("https:") for url in written):
            return
        for key in ("ca", "server_name", "certificate"):
            if data.get(key) is not None:
                yield (key,), "is for origins whose URL begins with https://"
