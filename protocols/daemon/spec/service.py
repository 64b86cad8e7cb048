"""``services``: one service, which listens, frames and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from protocols.daemon.spec.address import Address
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec, Reference
from protocols.daemon.spec.http import RoutePath, RouteSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.tls import TlsSpec
from protocols.daemon.spec.values import Duration, PositiveDuration, PositiveSize, Size


class LimitsSpec(Spec):
    """How much peers may ask of a service."""

    connections: Annotated[StrictInt, Field(ge=1)] = 1000
    """Connections at once; further ones are closed as they come."""
    pending: Annotated[StrictInt, Field(ge=1)] = 64
    """Messages of one connection that may wait for their answers before reading from it pauses."""
    idle: PositiveDuration = Duration.parse("5m")
    """How long a connection may be silent before it is closed."""
    body: PositiveSize = Size.parse("1MiB")
    """The largest body of an HTTP request."""


class ServiceSpec(Spec):
    """A service: where it listens, how bytes become messages, and what answers them."""

    choices = ("function", "builtin", "factory", "http")

    listen: Annotated[
        tuple[Address, ...],
        Listed(least=1),
    ]
    """One address or a list: tcp://, tls://, udp://, unix:, unixgram: or fd://."""
    framing: FramingSpec | None = None
    """How the bytes of a stream become messages; datagrams need none."""
    function: FunctionSpec | None = None
    """A Python function that answers messages."""
    builtin: BuiltinSpec | None = None
    """One of the classic services: echo, discard, daytime, time, chargen or qotd."""
    factory: Reference | None = None
    """A Twisted protocol factory of your own, as `module:name`; it does its own framing."""
    http: Annotated[dict[RoutePath, RouteSpec], Field(min_length=1)] | None = None
    """A web site: what answers each path. One that ends in a slash stands for everything below it,
    any other for itself; the longest that matches wins."""
    tls: TlsSpec | None = None
    """The certificate for the tls:// addresses."""
    limits: LimitsSpec = LimitsSpec()
    """How much peers may ask of the service."""
    enabled: StrictBool = True
    """Whether the service is started; `false` keeps its text, checked, without its sockets."""
