"""``forward``: another server, to which everything is passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, StrictInt, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath, folder_of
from protocols.daemon.spec.proxy import ServerName
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.values import Duration, PositiveDuration
from protocols.handlers.forward import Target
from protocols.handlers.forward.health import FALL, RISE
from protocols.handlers.forward.stream import RETRY
from protocols.handlers.forward.target import SCHEMES

_TARGET = r"^((tcp|tls|udp)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}|unix(gram)?:.+)$"


def _target(value: Any, info: ValidationInfo) -> Target:
    if isinstance(value, Target):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError(
                f"a place to forward to such as tcp://127.0.0.1:9000 is expected, not {described(value)}"
            )
        target = Target.parse(value)
        folder = folder_of(info)
        return target.within(folder) if folder else target
    except ValueError as error:
        raise PydanticCustomError("target", "{problem}", {"problem": str(error)}) from error


TargetURL = Annotated[
    Target,
    PlainValidator(_target),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _TARGET,
            "examples": ["tcp://127.0.0.1:9000", "tls://db.example.org:5433", "unix:app.sock"],
        }
    ),
]
"""Where to: tcp://, tls://, udp://, unix: or unixgram:."""


class ForwardTlsSpec(Spec):
    """What a target of TLS must prove, and what is proved to it."""

    ca: FilePath | None = None
    """PEM file of the authorities that its certificate must be from; unless said, those that the system
    trusts."""
    name: ServerName | None = None
    """The name that its certificate must be for, if it is not the host of its URL."""
    certificate: FilePath | None = None
    """PEM file of a certificate of our own, for a target that asks for one."""
    key: FilePath | None = None
    """PEM file of its key; unless said, that is in the same file."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if data.get("key") is not None and data.get("certificate") is None:
            yield ("key",), "is the key of a certificate, and there is none"


class ForwardCheckSpec(Spec):
    """How targets are tried, whether or not somebody wants to go there: by a connection that is closed at
    once."""

    every: PositiveDuration = Duration.parse("5s")
    """Between two checks of a target."""
    timeout: PositiveDuration = Duration.parse("2s")
    """How long a connection may take to come about."""
    rise: Annotated[StrictInt, Field(ge=1)] = RISE
    """How many in a row have to succeed until a target that was down is chosen again."""
    fall: Annotated[StrictInt, Field(ge=1)] = FALL
    """How many in a row have to fail, those of clients too, until a target is chosen no more."""


class ForwardSpec(Spec):
    """Passes what comes on to another server, or one of several, and what that says back."""

    short = "to"

    to: Annotated[tuple[TargetURL, ...], Listed(least=1)]
    """Where to: `tcp://HOST:PORT`, `tls://HOST:PORT` or `unix:PATH` for streams, `udp://HOST:PORT` or
    `unixgram:PATH` for datagrams; a list of them shares the load, and stands in for those that are down."""
    balance: Annotated[Literal["round-robin", "least-connections"], Known()] = "round-robin"
    """Which of several gets the next connection, or the next sender of datagrams: each in turn, or the one
    that has the fewest."""
    check: ForwardCheckSpec | None = None
    """Tries every target from time to time; unless said, only those of several that are down are tried."""
    retry: Annotated[StrictInt, Field(ge=0)] = RETRY
    """How many other targets are tried if no connection comes about, all of them within `connect`."""
    send_proxy: Annotated[Literal["v1", "v2"], Known()] | None = None
    """The version of the PROXY protocol by which the target is told who the client is; `v2` also tells the
    name of its certificate. The target must expect it."""
    tls: ForwardTlsSpec = ForwardTlsSpec()
    """For targets of `tls://`."""
    connect: PositiveDuration = Duration.parse("10s")
    """How long a connection to the target may take to come about, its TLS included; then the client's is
    closed."""
    replies: PositiveDuration = Duration.parse("10s")
    """How long the sender of a datagram is remembered for replies."""

    @property
    def is_stream(self) -> bool:
        """Whether streams are passed on; otherwise datagrams."""
        return self.to[0].is_stream

    @property
    def place(self) -> str:
        """The targets, for a person."""
        return ", ".join(map(str, self.to))

    @classmethod
    def expand(cls, data: Any) -> Any:
        return {"to": data} if isinstance(data, str | list) else data

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        to = data.get("to")
        schemes = {str(one).partition(":")[0] for one in (to if isinstance(to, list) else [to])}
        if not schemes or not schemes <= {*SCHEMES}:
            return
        datagrams = schemes & {"udp", "unixgram"}
        if datagrams and schemes != datagrams:
            yield ("to",), "has both streams and datagrams, and a service carries one of the two"
            return
        if "tls" not in schemes and data.get("tls") is not None:
            yield ("tls",), "is for a target of tls://"
        if datagrams:
            for key in ("send_proxy", "connect", "check", "retry"):
                if data.get(key) is not None:
                    yield (key,), f"is for streams, and {min(datagrams)} carries datagrams"
        elif data.get("replies") is not None:
            yield ("replies",), "is for datagrams, and streams need no such thing"
