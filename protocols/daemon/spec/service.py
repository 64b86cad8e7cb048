"""``services``: one service, which listens, frames and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool, StrictInt

from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.forward import ForwardSpec
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec, Reference
from protocols.daemon.spec.http import RoutePath, RouteSpec, RouteSpecs
from protocols.daemon.spec.log import LogSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkMembers
from protocols.daemon.spec.tls import TlsSpec
from protocols.daemon.spec.trusted import TrustedSpec
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


class ServiceSpec(Spec):
    """A service: where it listens, how bytes become messages, and what answers them."""

    choices = ("function", "builtin", "forward", "factory", "http")

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
    forward: ForwardSpec | None = None
    """Another server, to which everything is passed on."""
    factory: Reference | None = None
    """A Twisted protocol factory of your own, as `module:name`; it does its own framing."""
    http: Annotated[dict[RoutePath, RouteSpecs], Field(min_length=1)] | None = None
    """A web site: what answers each path, or a list of that, for different methods or hosts. A path that
    ends in a slash stands for everything below it, any other for itself; in `/items/{id}` the braces stand
    for any one segment. The exact path wins, then one with braces, then the longest."""
    accept_proxy: NetworkMembers | None = None
    """Load balancers that begin each stream with a PROXY header, version 1 or 2: networks, and `unix`. What
    comes from there without one is closed; from elsewhere a header is none."""
    trusted: TrustedSpec | None = None
    """Proxies in front of `http` that are believed about who asks; unless said, those of `server`."""
    access: AccessSpec | None = None
    """Who may come in; unless said, whom `defaults` says."""
    log: LogSpec | None = None
    """The access log of `http`."""
    tls: TlsSpec | None = None
    """The certificate for the tls:// addresses."""
    limits: LimitsSpec = LimitsSpec()
    """How much peers may ask of the service."""
    enabled: StrictBool = True
    """Whether the service is started; `false` keeps its text, checked, without its sockets."""

    @property
    def asks_for_certificates(self) -> bool:
        """Whether clients are asked to prove who they are with a certificate."""
        return self.tls is not None and getattr(self.tls, "client", None) is not None

    @property
    def routes(self) -> Iterator[tuple[tuple[str | int, ...], RouteSpec]]:
        """Every route of ``http``, with its place below the service."""
        for path, given in (self.http or {}).items():
            if isinstance(given, RouteSpec):
                yield ("http", path), given
            else:
                yield from ((("http", path, index), route) for index, route in enumerate(given))
