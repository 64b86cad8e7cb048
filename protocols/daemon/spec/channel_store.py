"""``store``: what keeps the messages of a channel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, Listed, OneOf
from protocols.daemon.spec.forward import ForwardTlsSpec
from protocols.daemon.spec.handler import BareSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Duration, PositiveDuration

_SERVER = r"^(nats|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?$"
_STREAM = r"^[A-Za-z0-9_-]{1,128}$"

REPLICAS = 5
"""Copies of a stream that JetStream keeps, at most."""


def _server(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_SERVER, value):
        hint = "; user and password have keys of their own" if "@" in value else ""
        text = f"{quoted(value)} is not a server such as nats://127.0.0.1:4222 or tls://nats.example.org:4222"
        raise PydanticCustomError("server", "{problem}", {"problem": text + hint})
    return value


def _stream(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_STREAM, value):
        text = f"{quoted(value)} is not the name of a stream: letters, digits, - and _, at most 128"
        raise PydanticCustomError("stream", "{problem}", {"problem": text})
    return value


NATSServer = Annotated[
    StrictStr,
    BeforeValidator(_server),
    WithJsonSchema({"type": "string", "pattern": _SERVER, "examples": ["nats://127.0.0.1:4222"]}),
]
"""A server of NATS; 4222 is the port unless said."""
Stream = Annotated[
    StrictStr, BeforeValidator(_stream), WithJsonSchema({"type": "string", "pattern": _STREAM})
]
"""The name of a stream of JetStream."""


class SQLiteSpec(Spec):
    """Keeps the messages in a file of their own (SQLite), which all workers share."""

    file: FilePath | None = None
    """The file; unless said, `channels/NAME.sqlite` in the folder of the YAML file, or below
    `$STATE_DIRECTORY`, which systemd sets for a unit with StateDirectory=."""
    sync: Annotated[Literal["always", "interval"], Known()] = "always"
    """When a message is durable, and its publisher told so: `always` once it is on the disk, whatever happens
    to the machine; `interval` once the file has it, which outlives the daemon, and the machine's power but
    for the last `interval`."""
    interval: PositiveDuration = Duration.parse("1s")
    """How long messages may be on their way to the disk, with `sync: interval`."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if data.get("interval") is not None and data.get("sync") != "interval":
            yield ("interval",), "is for sync: interval, and this is sync: always"


class NATSSpec(Spec):
    """Keeps the messages in a stream of NATS JetStream, which daemons of several machines share."""

    servers: Annotated[tuple[NATSServer, ...], Listed(least=1)] = ("nats://127.0.0.1:4222",)
    """The servers of one cluster: `nats://HOST:PORT`, or `tls://HOST:PORT`."""
    stream: Stream | None = None
    """The stream, which is made if there is none; unless said, it is called like the channel."""
    replicas: Annotated[StrictInt, Field(ge=1, le=REPLICAS)] = 1
    """How many servers keep a copy of each message."""
    credentials: FilePath | None = None
    """The file of a user's JWT and seed, as `nsc` writes it."""
    user: StrictStr | None = None
    """Whom to log in as."""
    password: StrictStr | None = None
    """The password of `user`."""
    token: StrictStr | None = None
    """The token that all who may log in share, of servers that ask for one."""
    tls: ForwardTlsSpec = ForwardTlsSpec()
    """For servers of `tls://`."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if data.get("password") is not None and data.get("user") is None:
            yield ("password",), "is that of a user, and there is none"
        if data.get("user") is not None and data.get("credentials") is not None:
            yield ("user",), "not beside credentials, which say who this is"
        if data.get("token") is not None:
            for other in ("user", "credentials"):
                if data.get(other) is not None:
                    yield ("token",), f"not beside {other}, by which servers tell who this is"
        servers = data.get("servers", ())
        listed = [servers] if isinstance(servers, str) else servers
        schemes = {str(server).partition(":")[0] for server in listed} if isinstance(listed, list) else set()
        if data.get("tls") is not None and "tls" not in schemes:
            yield ("tls",), "is for servers of tls://"


class StoreSpec(OneOf):
    """What keeps the messages of a channel: a name, or a name with its settings."""

    memory: BareSpec | None = None
    """The memory of the daemon: gone with it."""
    sqlite: SQLiteSpec | None = None
    """A file."""
    nats: NATSSpec | None = None
    """A stream of NATS JetStream."""
