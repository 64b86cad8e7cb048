"""``limits``: how much peers may ask of a service."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StrictFloat, StrictInt

from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkList, NetworkMember
from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Rate, Size


class LimitsSpec(Spec):
    """How much peers may ask of a service."""

    connections: Annotated[StrictInt, Field(ge=1)] = 1000
    """Connections at once; further ones are closed as they come."""
    pending: Annotated[StrictInt, Field(ge=1)] = 64
    """Messages of one connection that may wait for their answers before reading from it pauses."""
    idle: PositiveDuration = Duration.parse("5m")
    """How long a connection may be silent before it is closed."""
    first_byte: PositiveDuration = Duration.parse("30s")
    """How long one may be silent on which nothing was ever said, by nobody."""
    message_time: PositiveDuration = Duration.parse("1m")
    """How long a message may take that has begun to come, over a stream or a WebSocket, and a second more for
    each 500 bytes of it."""
    output: PositiveSize = Size.parse("1MiB")
    """What a handler may go on saying to a peer that does not read; then the connection is closed."""
    per_source: Annotated[StrictInt, Field(ge=1)] = 64
    """Connections at once of one source: an IPv4 address, an IPv6 /64, or a user of a Unix socket. Never more
    than there is room for others."""
    connection_rate: Rate = Rate.parse("20/s")
    """New connections of one source; a second's worth may come at once, or `per_source` if that is more."""
    message_rate: Rate = Rate.parse("10000/s")
    """Messages, datagrams or HTTP requests of one source; a second's worth may come at once."""
    byte_rate: PositiveSize = Size.parse("128MiB")
    """Bytes per second of one source; a second's worth may come at once."""
    over: Annotated[Literal["wait", "refuse"], Known()] = "wait"
    """What becomes of a source that is over one of its limits: it has to `wait`, up to 10 s for a connection,
    or is refused. Datagrams are dropped. Who is refused again and again gets nothing for a while."""
    exempt: Annotated[tuple[NetworkMember, ...], Listed(), AfterValidator(NetworkList)] = (
        "127.0.0.0/8",
        "::1",
        "unix",
    )
    """Sources without limits of their own: networks, and `unix`."""
    amplification: Annotated[StrictFloat | StrictInt, Field(ge=0)] = 3
    """How many times what came in datagrams from a source may go back to it, headers included, until it has
    shown by a connection that its address is its own; 0 for any number."""
    body: PositiveSize = Size.parse("1MiB")
    """The largest content of an HTTP request (413)."""
    request_line: PositiveSize = Size.parse("8KiB")
    """The longest target of an HTTP request (414)."""
    header: PositiveSize = Size.parse("32KiB")
    """All header fields of an HTTP request together (431)."""
    header_fields: Annotated[StrictInt, Field(ge=1)] = 100
    """Header fields of an HTTP request (431)."""
    header_time: PositiveDuration = Duration.parse("10s")
    """How long the header of an HTTP request may take to come (408)."""
    body_rate: PositiveSize = Size.parse("500")
    """Bytes per second that the content of an HTTP request must come with on average (408)."""
    requests: Annotated[StrictInt, Field(ge=1)] = 10_000
    """HTTP requests of one connection; then it is closed."""
    streams: Annotated[StrictInt, Field(ge=1)] = 100
    """Requests that one HTTP/2 connection may have open at a time."""

    form_parts: Annotated[StrictInt, Field(ge=1)] = 100
    """Fields and files of one form (413)."""
    form_field: PositiveSize = Size.parse("64KiB")
    """The value of one field of a form (413); files are bounded by `body` only."""
    form_memory: Size = Size.parse("64KiB")
    """Of one file of a form, what is held in memory; a larger one is in a temporary file."""

    http: ClassVar[tuple[str, ...]] = (
        "body",
        "request_line",
        "header",
        "header_fields",
        "header_time",
        "body_rate",
        "requests",
        "streams",
    )
    """Those of HTTP connections."""
    forms: ClassVar[tuple[str, ...]] = ("form_parts", "form_field", "form_memory")
    """Those of forms, which only HTTP knows too."""
