"""``services``: one service, which listens, frames and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictBool

from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.channel_use import ChannelUseSpec
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.forward import ForwardSpec
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec, Reference
from protocols.daemon.spec.http import RoutePath, RouteSpec, RouteSpecs
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.log import LogSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkMembers
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.tls import TlsSpec
from protocols.daemon.spec.trusted import TrustedSpec


class ServiceSpec(Spec):
    """A service: where it listens, how bytes become messages, and what answers them."""

    choices = ("function", "program", "builtin", "forward", "channel", "factory", "http")

    listen: Annotated[
        tuple[Address, ...],
        Listed(least=1),
    ]
    """One address or a list: tcp://, tls://, udp://, unix:, unixgram: or fd://."""
    framing: FramingSpec | None = None
    """How the bytes of a stream become messages; datagrams need none. Unless said, lines of up to
    64 KiB, or of what `message` of the `channel` says where that is more; and none at all for a `program`
    that has the connection to itself."""
    function: FunctionSpec | None = None
    """A Python function that answers messages."""
    program: ProgramSpec | None = None
    """A program that answers: one process for each connection or message, or one for all of them."""
    builtin: BuiltinSpec | None = None
    """One of the classic services: echo, discard, daytime, time, chargen or qotd."""
    forward: ForwardSpec | None = None
    """Another server, to which everything is passed on."""
    channel: ChannelUseSpec | None = None
    """A channel, which what comes is published in, or whose messages are sent to who connects."""
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
    """The access log."""
    tls: TlsSpec | None = None
    """The certificate for the tls:// addresses."""
    limits: LimitsSpec = LimitsSpec()
    """How much peers may ask of the service."""
    enabled: StrictBool = True
    """Whether the service is started; `false` keeps its text, checked, without its sockets."""

    @property
    def asks_for_certificates(self) -> bool:
        """Whether clients are asked to prove who they are with a certificate."""
        return self.tls is not None and self.tls.asks_for_certificates

    @property
    def routes(self) -> Iterator[tuple[tuple[str | int, ...], RouteSpec]]:
        """Every route of ``http``, with its place below the service."""
        for path, given in (self.http or {}).items():
            if isinstance(given, RouteSpec):
                yield ("http", path), given
            else:
                yield from ((("http", path, index), route) for index, route in enumerate(given))
