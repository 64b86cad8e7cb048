"""The parts of a configuration that are valid by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from protocols.daemon.channels.places import all_channels
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path
from protocols.daemon.spec.applications import AsgiSpec, ResourceSpec, WsgiSpec
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_use import ChannelRouteSpec, ChannelUseSpec
from protocols.daemon.spec.config import DefaultsSpec
from protocols.daemon.spec.forward import ForwardSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.daemon.spec.networks import NetworkList, network_lists
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec, TlsSpec, is_name


@dataclass(frozen=True)
class Parts:
    """What the checks look at."""

    origin: Origin
    own: Mapping[str, ServiceSpec]
    """The services as they are written, disabled ones too."""
    services: Mapping[str, ServiceSpec]
    """The same services with what they inherit."""
    defaults: DefaultsSpec | None
    """``None`` if they are not valid."""
    server: ServerSpec | None
    """``None`` if it is not valid."""
    certificates: Mapping[str, CertificateSpec]
    certificate_names: tuple[str, ...] | None
    """The names of all certificates, valid or not; ``None`` if not all of them are known."""
    networks: Mapping[str, tuple[str, ...]]
    network_names: tuple[str, ...] | None
    """The names of all networks, valid or not; ``None`` if not all of them are known."""
    channels: Mapping[str, ChannelSpec]
    channel_names: tuple[str, ...] | None
    """The names of all channels, valid or not; ``None`` if not all of them are known."""
    channel_groups: Mapping[str, tuple[str, ...]]
    """The names of the groups of each channel that says what they are, valid or not."""

    @cached_property
    def listed_channels(self) -> tuple[str, ...]:
        """Those of :attr:`channel_names` that may be named."""
        return tuple(name for name in self.channel_names or () if is_name(name))

    @cached_property
    def all_channels(self) -> Mapping[str, ChannelSpec]:
        """The channels, those for dead letters that nobody has listed too."""
        return all_channels(self.channels)

    def enabled(self) -> Iterator[tuple[Path, ServiceSpec]]:
        """The services that will be started, with their paths."""
        for name, service in self.services.items():
            if service.enabled:
                yield ("services", name), service

    def network_lists(self) -> Iterator[tuple[Path, NetworkList]]:
        """Every list of networks, as written, with its path."""
        yield from network_lists(dict(self.networks), ("networks",))
        yield from network_lists(self.server, ("server",))
        yield from network_lists(self.defaults, ("defaults",))
        yield from network_lists(dict(self.own), ("services",))

    def tls(self) -> Iterator[tuple[Path, TlsSpec]]:
        """Every ``tls``, with its path."""
        if self.defaults is not None and self.defaults.tls is not None:
            yield ("defaults", "tls"), self.defaults.tls
        for name, service in self.own.items():
            if service.tls is not None:
                yield ("services", name, "tls"), service.tls


def functions(path: Path, service: ServiceSpec) -> Iterator[tuple[Path, FunctionSpec]]:
    """Every function of `service`, which stands at `path`."""
    if service.function is not None:
        yield (*path, "function"), service.function
    for place, route in service.routes:
        if route.function is not None:
            yield (*path, *place, "function"), route.function
        if route.websocket is not None and route.websocket.function is not None:
            yield (*path, *place, "websocket", "function"), route.websocket.function


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """A place that names a channel."""

    channel: str
    path: Path
    """Of the name."""
    place: Path
    """Of what names it."""
    spec: ChannelUseSpec | ChannelRouteSpec | FunctionSpec


def programs(services: Mapping[str, ServiceSpec]) -> Iterator[tuple[Path, ProgramSpec]]:
    """Every program that answers connections or messages."""
    for name, service in services.items():
        if service.program is not None:
            yield ("services", name, "program"), service.program
        for place, route in service.routes:
            if route.websocket is not None and route.websocket.program is not None:
                yield ("services", name, *place, "websocket", "program"), route.websocket.program


def channel_uses(path: Path, service: ServiceSpec) -> Iterator[ChannelUse]:
    """Every place of `service`, which stands at `path`, that names a channel."""
    for place, use in _uses(path, service):
        # A name alone, or a list alone, stands where the mapping would.
        for index, name in enumerate(use.channels):
            at: Path = (*place, "name") if isinstance(use, ChannelRouteSpec) else (*place, "name", index)
            yield ChannelUse(name, at, place, use)
    for place, function in functions(path, service):
        if function.publish is not None:
            yield ChannelUse(function.publish, (*place, "publish"), place, function)


def _uses(path: Path, service: ServiceSpec) -> Iterator[tuple[Path, ChannelUseSpec | ChannelRouteSpec]]:
    if service.channel is not None:
        yield (*path, "channel"), service.channel
    for place, route in service.routes:
        if route.channel is not None:
            yield (*path, *place, "channel"), route.channel
        if route.websocket is not None and route.websocket.channel is not None:
            yield (*path, *place, "websocket", "channel"), route.websocket.channel


def builtins(path: Path, service: ServiceSpec) -> Iterator[tuple[Path, BuiltinSpec]]:
    """Every classic service of `service`, which stands at `path`."""
    if service.builtin is not None:
        yield (*path, "builtin"), service.builtin
    for place, route in service.routes:
        if route.websocket is not None and route.websocket.builtin is not None:
            yield (*path, *place, "websocket", "builtin"), route.websocket.builtin


def forwards(path: Path, service: ServiceSpec) -> Iterator[tuple[Path, ForwardSpec]]:
    """Every target of `service`, which stands at `path`."""
    if service.forward is not None:
        yield (*path, "forward"), service.forward
    for place, route in service.routes:
        if route.websocket is not None and route.websocket.forward is not None:
            yield (*path, *place, "websocket", "forward"), route.websocket.forward


def applications(path: Path, service: ServiceSpec) -> Iterator[tuple[Path, str]]:
    """Every reference to an application in the routes of `service`, which stands at `path`."""
    for place, route in service.routes:
        settings = route.settings
        if isinstance(settings, WsgiSpec | AsgiSpec | ResourceSpec):
            assert settings.short is not None
            yield (*path, *place, route.kind, settings.short), getattr(settings, settings.short)
