"""``auth``, ``cors``, ``headers`` and ``rate``: what wraps a route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.header import HeaderName, HeaderText
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Duration, Rate
from protocols.http.policy.cors import checked_origin
from protocols.http.policy.headers import RESERVED, checked_fields

Method = Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], Known()]


class AuthSpec(Spec):
    """Who may use a route: those with a password, a token, or either."""

    basic: FilePath | None = None
    """A file of users and bcrypt hashes, as `htpasswd -B` and `polyport user add` write it."""
    bearer: FilePath | None = None
    """A file of names and SHA-256 hashes of tokens, as `polyport token add` writes it."""
    realm: HeaderText = "polyport"
    """What the login is for, as browsers show it."""
    users: Annotated[tuple[StrictStr, ...], Listed(least=1)] | None = None
    """Those of these files who may use the route; others get 403. Unless said, all."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if not {"basic", "bearer"} & (data.keys() | cls.misspelt(dict(data))):
            yield (), "basic or bearer is needed, or both: what is a client to prove who it is with?"


def _origin(value: Any) -> Any:
    if not isinstance(value, str) or value == "*":
        return value
    try:
        return checked_origin(value)
    except ValueError:
        text = f"{quoted(value)} is not an origin such as https://app.example.org"
        raise PydanticCustomError("origin", "{problem}", {"problem": text}) from None


_ORIGIN = r"^(\*|https?://[^/\s]+/?)$"
Origin = Annotated[
    StrictStr, BeforeValidator(_origin), WithJsonSchema({"type": "string", "pattern": _ORIGIN})
]
"""A scheme, a host and perhaps a port, as browsers send it in Origin (RFC 6454)."""


class CorsSpec(Spec):
    """Which other sites' scripts may use a route (CORS)."""

    short = "origins"

    origins: Annotated[tuple[Origin, ...], Listed(least=1)]
    """The origins: `https://app.example.org`, `https://*.example.org`, or `"*"` for all."""
    methods: Annotated[tuple[Method, ...], Listed(least=1)] | None = None
    """What scripts may send; unless said, the methods of the route."""
    headers: Annotated[tuple[HeaderName, ...], Listed()] = ()
    """Header fields that scripts may set, such as `Content-Type`; `"*"` for any."""
    credentials: StrictBool = False
    """Whether cookies and logins may go along; not with `origins: "*"`."""
    expose: Annotated[tuple[HeaderName, ...], Listed()] = ()
    """Header fields of the answer that scripts may read, beyond the few that they always may."""
    max_age: Duration = Duration.parse("10m")
    """How long a browser may remember what is allowed."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"origins": data} if isinstance(data, list) else super().expand(data)

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        origins = data.get("origins")
        every = origins == "*" or (isinstance(origins, list) and "*" in origins)
        if every and data.get("credentials") is True:
            yield ("credentials",), 'not for every origin ("*"): name the origins that may use them'


class RateSpec(Spec):
    """How often a route may be asked."""

    short = "rate"

    rate: Rate
    """How often on average: `50/s`, `10/m`, `1000/h`; more gets 429."""
    burst: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many at once after a pause; unless said, the number in `rate`."""
    by: Annotated[Literal["source", "user"], Known()] = "source"
    """Who has a rate of its own: each `source` (an IPv4 address, an IPv6 /64), or each `user` of `auth`."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        # A number is no rate, which the key itself says best.
        return {"rate": data} if isinstance(data, int | float) else super().expand(data)


def _fields(value: Any) -> Any:
    for name in value if isinstance(value, dict) else ():
        if isinstance(name, str) and name.lower() in RESERVED:
            try:
                checked_fields({name: ""})
            except ValueError as error:
                raise PydanticCustomError("header", "{problem}", {"problem": str(error)}) from None
    return value


HeaderFields = Annotated[dict[HeaderName, HeaderText], Field(min_length=1), BeforeValidator(_fields)]
"""Header fields by name, without those that are the server's to write."""
