"""What lines of JSON hold, for programs that read them: those of the daemon's log and of access logs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from protocols.daemon.schema import DIALECT, AsWritten
from protocols.http.request_id import SAFE


class JsonLine(BaseModel):
    """What every line has; what is not known of the rest is not in it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    time: datetime
    """When (RFC 3339), in UTC, to the millisecond."""


class LogLine(JsonLine):
    """A line of the daemon's log (`--log json`)."""

    level: Literal["debug", "info", "warn", "error", "critical"]
    """How much it matters."""
    logger: str
    """What said it: `polyport` and names that begin so, or those of Twisted and of the user's modules."""
    message: str
    """In words; it may have several lines."""
    service: str | None = None
    """The service that it is about."""
    route: str | None = None
    """The path of the route, as the YAML has it."""
    request: str | None = None
    """The id of the request."""
    peer: str | None = None
    """Who was at the other end, such as `tcp://192.0.2.1:4000`."""
    address: str | None = None
    """The address that is listened on."""
    left_out: Annotated[int, Field(ge=1)] | None = None
    """How many lines this one stands for, which were like the one that it quotes."""
    traceback: str | None = None
    """Of a failure, as Python writes it."""


class PeerLine(JsonLine):
    """What the lines of access logs have in common."""

    service: str
    """The service."""
    peer: str | None = None
    """The IP address of the client, or the path of its Unix socket."""
    user: str | None = None
    """Who it has proved to be."""
    duration: Annotated[float, Field(ge=0)] | None = None
    """Seconds from the request to the end of the answer, or from the begin of the connection to its end."""


class RequestLine(PeerLine):
    """A line of the access log of a service with `http`: a request that was answered, or refused."""

    method: str | None = None
    """`GET`, `POST` …; like the next ones not there where the request could not be read."""
    target: str | None = None
    """What was asked for, with secrets of its query masked."""
    host: str | None = None
    """The host and port that the client asked for."""
    scheme: Literal["http", "https"] | None = None
    """How it reached the first server that is believed."""
    version: Literal["1.0", "1.1", "2"] | None = None
    """Of HTTP."""
    referer: str | None = None
    """The field Referer, with secrets of its query masked."""
    agent: str | None = None
    """The field User-Agent."""
    id: Annotated[str, Field(pattern=f"^{SAFE.pattern}$")] | None = None
    """Of the request: see docs/http.md."""
    status: Annotated[int, Field(ge=100, le=599)]
    """Of the answer; 499 where the client left before it."""
    bytes: Annotated[int, Field(ge=0)]
    """Of the body of the answer."""
    first: Annotated[float, Field(ge=0)] | None = None
    """Seconds from the request to the head of the answer."""


class ConnectionLine(PeerLine):
    """A line of the access log of any other service: a connection that is over, or a datagram."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Of the client."""
    transport: str
    """`tcp`, `tls`, `unix`, `udp` or `unixgram`."""
    messages: Annotated[int, Field(ge=0)] | None = None
    """That came, where it is known what one is."""
    received: Annotated[int, Field(ge=0)]
    """Bytes that came."""
    sent: Annotated[int, Field(ge=0)] | None = None
    """Bytes that went, of a connection."""
    reason: str | None = None
    """Why the connection ended, where that was not in order."""


LINES: TypeAdapter[Any] = TypeAdapter(LogLine | RequestLine | ConnectionLine)


def log_schema() -> dict[str, Any]:
    """The schema, in the dialect 2020-12, as data for :func:`json.dumps`."""
    schema = LINES.json_schema(schema_generator=AsWritten)
    return {"$schema": DIALECT, "title": "Lines of Polyport's logs", **schema}
