"""From a configuration to services that are ready to start: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from twisted.internet.interfaces import IProtocolFactory

from protocols.daemon.access_log import access_log, connection_log
from protocols.daemon.carriers import Carriers, ForeignFactory
from protocols.daemon.channels.handlers import channel_framing, channel_handler, publishing
from protocols.daemon.channels.registry import ChannelRegistry, Proposal
from protocols.daemon.channels.uses import ChannelUses
from protocols.daemon.control.operations import Ask, nobody
from protocols.daemon.fairness import Fairness, Reputation
from protocols.daemon.forwarding import forward_carriers
from protocols.daemon.framings import framing_for
from protocols.daemon.guarding import gate_of
from protocols.daemon.handlers import builtin_handlers, function_handler
from protocols.daemon.inheritance import has_stream
from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError, Misfits
from protocols.daemon.problems import ConfigError, Problem
from protocols.daemon.programs.modes import program_carriers
from protocols.daemon.recorded_foreign import RecordingFactory
from protocols.daemon.routes import RouteContext, site_for
from protocols.daemon.service_tls import ServiceTLS, tls_settings
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.datagram import DatagramServer
from protocols.datagram_recorded import RecordedDatagramServer
from protocols.framing import Framing, Lines, Raw
from protocols.guard import ProxyProtocolFactory, ServerTLS
from protocols.guard.tls import TLSFileError
from protocols.handlers import FunctionHandler
from protocols.http import ALPN
from protocols.journal import Journal
from protocols.session import Handler
from protocols.stream import StreamFactory


@dataclass(frozen=True, slots=True)
class Setting:
    """What services have in common, over reloads too."""

    reactor: Any
    ask: Ask = nobody
    """Whom services ask that show how the daemon is."""
    reputation: Reputation = field(default_factory=Reputation)
    journals: dict[str, Journal] = field(default_factory=dict)
    """Of each service, from its first start: a service that is changed goes on counting."""
    channels: ChannelRegistry = field(default_factory=ChannelRegistry)

    def journal(self, service: str) -> Journal:
        """The journal of `service`."""
        return self.journals.setdefault(service, Journal(service))


def assemble(
    loaded: Loaded,
    setting: Setting,
    names: Container[str] | None = None,
    channels: Proposal | None = None,
) -> dict[str, Carriers]:
    """What serves each enabled service, by name.

    :param names: which of them; ``None``: all.
    :param channels: those of `loaded`; ``None``: they are made, and never opened.

    Raises :class:`ConfigError` with everything that does not fit, such as a function whose signature is
    none that Polyport knows.
    """
    problems: list[Problem] = []
    carriers: dict[str, Carriers] = {}
    channels = channels or setting.channels.proposed(loaded, setting.reactor)
    for name, spec in loaded.config.services.items():
        if spec.enabled and (names is None or name in names):
            assembly = Assembly(loaded, setting, name, spec, channels)
            carriers[name] = assembly.carriers
            misfits = Misfits()
            with misfits.collected():
                _ASSEMBLERS[spec.kind](assembly)
            for misfit in misfits.found:
                path = ("services", name, *misfit.path)
                problems.append(loaded.origin.problem(path, str(misfit), key=misfit.key, safe=misfit.safe))
    if problems:
        discard(carriers)
        raise ConfigError(problems)
    return carriers


def discard(carriers: Mapping[str, Carriers]) -> None:
    """End what has been assembled, and never served."""
    for made in carriers.values():
        for stop in made.stops:
            stop()


class Assembly:
    """One service on its way from words to parts."""

    def __init__(
        self, loaded: Loaded, setting: Setting, name: str, spec: ServiceSpec, channels: Proposal
    ) -> None:
        self.loaded = loaded
        self.reactor = reactor = setting.reactor
        self.spec = spec
        self.ask = setting.ask
        journal = setting.journal(name)
        exempt = loaded.networks.resolve(spec.limits.exempt)
        self.fairness = Fairness(spec.limits, exempt, setting.reputation, journal, reactor)
        self.carriers = Carriers(journal, gate=gate_of(spec, loaded), fairness=self.fairness)
        self.channels = ChannelUses(channels.kept, self.carriers.stops)
        if spec.accept_proxy is not None:
            self.carriers.proxy_header = partial(
                ProxyProtocolFactory,
                proxies=loaded.networks.resolve(spec.accept_proxy),
                journal=self.carriers.journal,
                clock=reactor,
            )

    def function(self, spec: FunctionSpec, path: tuple[str | int, ...]) -> FunctionHandler:
        """The handler for a user's function; it is ended with the service."""
        try:
            journal = self.carriers.journal
            handler = function_handler(spec, self.loaded, self.reactor, self.spec.limits.pending, journal)
        except (TypeError, ValueError) as error:
            raise MisfitError(path, str(error)) from error
        self.carriers.stops.append(handler.stop)
        return handler

    def framing(self, default: Framing) -> Framing:
        """The framing that the service names or inherits, or `default`."""
        spec = self.spec.framing
        return framing_for(spec) if isinstance(spec, FramingSpec) else default

    def serve(self, stream: Handler | None, datagram: Handler | None, framing: Framing) -> Carriers:
        """Carriers for messages answered by `stream` and `datagram`, the same one or two of a kind; ``None``:
        such messages have no answer here."""
        spec, carriers = self.spec, self.carriers
        tell = connection_log(spec.log, carriers, self.reactor)
        if stream is not None:
            carriers.stream = StreamFactory(
                stream,
                framing,
                journal=carriers.journal,
                clock=self.reactor,
                idle=spec.limits.idle,
                connections=spec.limits.connections,
                first_byte=spec.limits.first_byte,
                message_time=spec.limits.message_time,
                output=spec.limits.output,
                tell=tell,
            )
        if datagram is not None:
            limits = self.fairness.of_datagrams()
            settings: dict[str, Any] = {"journal": carriers.journal, "gate": limits}
            if tell is None:
                carriers.datagram = partial(DatagramServer, datagram, **settings)
            else:
                carriers.datagram = partial(RecordedDatagramServer, datagram, tell=tell, **settings)
        carriers.tls = self.tls()
        return carriers

    def tls(self, *protocols: bytes) -> ServiceTLS | None:
        """The server's side of TLS, if the service speaks it."""
        spec = self.spec.tls
        if spec is None:
            return None
        settings = tls_settings(spec, self.loaded.config.certificates, protocols)
        service = self.carriers.journal.service
        try:
            server = ServerTLS(settings, service)
        except TLSFileError as error:
            raise MisfitError(("tls", "certificate"), str(error)) from error
        return ServiceTLS(server, self.reactor, handshake=spec.handshake, pending=spec.pending)


def _function(assembly: Assembly) -> Carriers:
    assert assembly.spec.function is not None
    spec = assembly.spec.function
    handler = assembly.function(spec, ("function",))
    stream = publishing(handler, spec.publish, assembly.channels)
    datagram = publishing(handler, spec.publish, assembly.channels, replies=False)
    return assembly.serve(stream, datagram, assembly.framing(Lines()))


def _builtin(assembly: Assembly) -> Carriers:
    spec = assembly.spec.builtin
    assert spec is not None
    try:
        builtin = builtin_handlers(spec)
    except (OSError, ValueError) as error:
        raise MisfitError(("builtin", "qotd", "file"), str(error)) from error
    # The RFCs know no messages, only bytes.  What comes may be framed all the same; what these services say
    # of themselves may not: it holds line ends, which no line can.
    framing = assembly.framing(Raw()) if spec.kind in BuiltinSpec.listening else Raw()
    return assembly.serve(builtin.stream, builtin.datagram, framing)


def _channel(assembly: Assembly) -> Carriers:
    spec = assembly.spec.channel
    assert spec is not None
    stream = channel_handler(spec, assembly.channels) if has_stream(assembly.spec) else None
    datagram = None
    if spec.mode == "publish":
        datagram = channel_handler(spec, assembly.channels, replies=False)
    return assembly.serve(stream, datagram, assembly.framing(channel_framing(spec, assembly.channels)))


def _factory(assembly: Assembly) -> Carriers:
    spec, carriers = assembly.spec, assembly.carriers
    assert spec.factory is not None
    factory = _protocol_factory(assembly.loaded.resolved[spec.factory], spec.factory)
    tell = connection_log(spec.log, carriers, assembly.reactor)
    settings = factory, carriers.journal, spec.limits.connections
    if tell is None:
        carriers.stream = ForeignFactory(*settings)
    else:
        carriers.stream = RecordingFactory(*settings, tell=tell, clock=assembly.reactor)
    carriers.tls = assembly.tls()
    return carriers


def _protocol_factory(named: object, reference: str) -> IProtocolFactory:
    """The factory that is `named`, or that calling it makes."""
    made = named
    if not IProtocolFactory.providedBy(named) and callable(named):
        try:
            made = named()
        except Exception as error:  # whatever a user's factory raises is the operator's to read
            text = f"calling {reference} raised {type(error).__name__}: {error}"
            raise MisfitError(("factory",), text) from error
    if not IProtocolFactory.providedBy(made):
        raise MisfitError(("factory",), f"{reference} neither is nor makes a Twisted IProtocolFactory")
    return made


def _http(assembly: Assembly) -> Carriers:
    carriers = assembly.carriers
    context = RouteContext(
        assembly.loaded,
        assembly.reactor,
        carriers.journal,
        carriers.stops,
        carriers.starts,
        assembly.spec.limits,
        gate=carriers.gate,
        ask=assembly.ask,
        channels=assembly.channels,
        tally=assembly.fairness.tally,
        privileged=carriers.privileged,
    )
    misfits = Misfits()
    with misfits.collected():
        access = access_log(assembly.spec.log, carriers, assembly.reactor)
        carriers.stream = site_for(assembly.spec, context, access)
    with misfits.collected():
        carriers.tls = assembly.tls(*ALPN)
    misfits.check()
    return carriers


_ASSEMBLERS: Final[Mapping[str, Callable[[Assembly], Carriers]]] = {
    "function": _function,
    "program": program_carriers,
    "builtin": _builtin,
    "forward": forward_carriers,
    "channel": _channel,
    "factory": _factory,
    "http": _http,
}
"""The kinds of service there are."""
