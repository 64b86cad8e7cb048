"""The whole YAML."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import NetworkMembers
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec, Name, TlsSpec


class DefaultsSpec(Spec):
    """What every service has that does not say otherwise."""

    framing: FramingSpec | None = None
    """For services with a `function`, `builtin` or `channel` that listen for streams."""
    tls: TlsSpec | None = None
    """For services that listen on `tls://`."""
    access: AccessSpec | None = None
    """For every service that has no `access` of its own."""
    limits: LimitsSpec = LimitsSpec()
    """For every service; a service that sets one limit keeps the others."""


class Config(Spec):
    """What one daemon serves."""

    include: Annotated[tuple[StrictStr, ...], Listed()] = ()
    """Files with further `certificates`, `networks`, `channels` and `services`, such as `conf.d/*.yaml`."""
    server: ServerSpec = ServerSpec()
    """The daemon as a whole."""
    certificates: Annotated[dict[Name, CertificateSpec], Field(default_factory=dict)]
    """Certificates by name, for `tls`."""
    networks: Annotated[dict[Name, NetworkMembers], Field(default_factory=dict)]
    """Networks by name, for whatever is about hosts: each one or a list of networks such as `10.0.0.0/8`,
    addresses, other names, and `unix` for whoever comes by a Unix socket."""
    channels: Annotated[dict[Name, ChannelSpec], Field(default_factory=dict)]
    """Channels by name: logs of messages that services, routes and functions publish to and read."""
    defaults: DefaultsSpec = DefaultsSpec()
    """What every service has that does not say otherwise."""
    services: Annotated[dict[Name, ServiceSpec], Field(min_length=1)]
    """Services by name: lower-case letters, digits, `-` and `_`."""
