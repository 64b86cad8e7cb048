"""``forward``: another server, to which everything is passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath, folder_of
from protocols.daemon.spec.proxy import ServerName
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.values import Duration, PositiveDuration
from protocols.handlers.forward import Target

_TARGET = r"^((tcp|tls|udp)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}|unix:.+)$"


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
"""Where to: tcp://, tls://, udp:// or unix:."""


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


class ForwardSpec(Spec):
    """Passes what comes on to another server, and what that says back."""

    short = "to"

    to: TargetURL
    """Where to: `tcp://HOST:PORT`, `tls://HOST:PORT` or `unix:PATH` for streams, `udp://HOST:PORT` for
    datagrams."""
    send_proxy: Annotated[Literal["v1", "v2"], Known()] | None = None
    """The version of the PROXY protocol by which the target is told who the client is; `v2` also tells the
    name of its certificate. The target must expect it."""
    tls: ForwardTlsSpec = ForwardTlsSpec()
    """For a target of `tls://`."""
    connect: PositiveDuration = Duration.parse("10s")
    """How long a connection to the target may take to come about, its TLS included; then the client's is
    closed."""
    replies: PositiveDuration = Duration.parse("10s")
    """How long the sender of a datagram is remembered for replies (`udp://`)."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        scheme = str(data.get("to")).partition(":")[0]
        if scheme in ("tcp", "unix", "udp") and data.get("tls") is not None:
            yield ("tls",), "is for a target of tls://"
        if scheme == "udp":
            for key in ("send_proxy", "connect"):
                if data.get(key) is not None:
                    yield (key,), "is for streams, and udp carries datagrams"
        elif scheme in ("tcp", "tls", "unix") and data.get("replies") is not None:
            yield ("replies",), "is for datagrams, and streams need no such thing"
