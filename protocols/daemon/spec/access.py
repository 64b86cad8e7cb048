"""``access``: who may use a service, or a route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StrictInt, StrictStr, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import known_help, nearest, quoted
from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkMembers
from protocols.daemon.spec.sentences import described
from protocols.guard.access import CertificatePattern, Hours

PREFIXES = {"user": "users", "certificate": "certificates", "uid": "uids", "gid": "gids"}
"""What a text of a rule may begin with, before a colon, and the key that it stands for."""

MAX_ID = 2**32 - 2
"""The largest id of a user or group; the next one is no id (chown(2))."""


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_value", "{problem}", {"problem": text})


def _user(value: Any) -> Any:
    if isinstance(value, str) and not value:
        raise _wrong("a user has a name; `*` is everybody who has one")
    return value


def _certificate(value: Any) -> Any:
    if isinstance(value, str):
        try:
            CertificatePattern.parse(value)
        except ValueError as error:
            raise _wrong(str(error)) from None
    return value


def _hours(value: Any) -> Any:
    if isinstance(value, str):
        try:
            Hours.parse(value)
        except ValueError as error:
            raise _wrong(str(error)) from None
    return value


def _account(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if (is_number and 0 <= value <= MAX_ID) or (isinstance(value, str) and value):
        return value
    raise _wrong(f"a number from 0 to {MAX_ID} or a name is expected, not {described(value)}")


User = Annotated[StrictStr, BeforeValidator(_user), WithJsonSchema({"type": "string", "minLength": 1})]
Certificate = Annotated[
    StrictStr, BeforeValidator(_certificate), WithJsonSchema({"type": "string", "pattern": r"\S"})
]
Time = Annotated[
    StrictStr,
    BeforeValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": r"^\s*([a-zA-Z-]+ +)?\d\d:\d\d-\d\d:\d\d\s*$"}),
]
Account = Annotated[
    StrictInt | StrictStr,
    BeforeValidator(_account),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_ID}, {"type": "string", "minLength": 1}]}
    ),
]
"""A user or a group of this machine."""


class SelectorSpec(Spec):
    """Whom a rule is about: those of whom everything is true that is given here. A text alone is a network,
    or `user:NAME`, `certificate:NAME`, `uid:NAME` or `gid:NAME`."""

    networks: NetworkMembers | None = None
    """They come from one of these: networks such as `10.0.0.0/8`, addresses, names of `networks`, `unix` for
    whoever comes by a Unix socket, `all`."""
    users: Annotated[tuple[User, ...], Listed(least=1)] | None = None
    """They have proved to be one of these; `*` is everybody who has proved to be somebody."""
    certificates: Annotated[tuple[Certificate, ...], Listed(least=1)] | None = None
    """Their certificate has one of these names: `CN=dev7` is its common name, `dev7.example.org` that or an
    alternative name, `sha256:…` its fingerprint; `*` stands for anything but a dot or an at sign."""
    uids: Annotated[tuple[Account, ...], Listed(least=1)] | None = None
    """Their process, at the other end of a Unix socket, runs as one of these users: numbers or names."""
    gids: Annotated[tuple[Account, ...], Listed(least=1)] | None = None
    """Its effective group is one of these: numbers or names."""
    hours: Annotated[tuple[Time, ...], Listed(least=1)] | None = None
    """It is one of these times, by the clock of the server: `08:00-18:00`, `mon-fri 08:00-18:00`,
    `sat 22:00-06:00`."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        prefix, colon, rest = data.partition(":")
        if colon and prefix in PREFIXES:
            is_number = prefix in ("uid", "gid") and rest.isdecimal()
            return {PREFIXES[prefix]: int(rest) if is_number else rest}
        if colon and nearest(prefix, PREFIXES):
            text = f"{quoted(prefix)} is not known{known_help(prefix, PREFIXES, 'known beginnings')}"
            raise PydanticCustomError("unknown_value", "{problem}", {"problem": text})
        return {"networks": data}

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if not data:
            yield (), "is about nobody; write all for everybody"

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        return {"type": "string", "minLength": 1}


Selectors = Annotated[tuple[SelectorSpec, ...], Listed(least=1, mappings=True)]


class RuleSpec(Spec):
    """A rule: allows those it is about, or refuses them."""

    choices = ("allow", "deny")

    allow: Selectors | None = None
    """These may come in: one or a list."""
    deny: Selectors | None = None
    """These may not."""


class AccessSpec(Spec):
    """Who may come in. Whom no rule is about may, unless some rule allows: who names those who may has named
    all of them."""

    rules: Annotated[tuple[RuleSpec, ...], Listed(least=1, mappings=True)] | None = None
    """Rules in order, of which the first that is about somebody decides. A list alone is this."""
    allow: Selectors | None = None
    """In place of `rules`: these may come in, unless `deny` is about them: one or a list."""
    deny: Selectors | None = None
    """In place of `rules`: these may not, whatever `allow` says."""
    refuse: Annotated[Literal["close", "reset"], Known()] = "close"
    """How a connection is refused: `close` ends it in order, `reset` as if nobody listened. Datagrams are
    dropped; a request of `http` whose connection was let in gets 403."""

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"rules": data} if isinstance(data, list) else data

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        given = {"rules", "allow", "deny"} & (data.keys() | cls.misspelt(dict(data)))
        if not given:
            yield (), "allow or deny is needed, or rules: who may come in?"
        elif "rules" in given and len(given) > 1:
            yield ("rules",), "not beside allow and deny: rules have an order, and they have none"

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        return dict(properties["rules"])
