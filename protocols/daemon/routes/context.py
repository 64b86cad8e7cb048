"""What a route is made in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from protocols.daemon.carriers import Carriers, Gate, Start, Stop
from protocols.daemon.channels.uses import ChannelUses
from protocols.daemon.control.operations import Ask, nobody
from protocols.daemon.loader import Loaded
from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.policy import AuthSpec, CorsSpec
from protocols.guard.limits.tally import ALONE, Tally
from protocols.http import FormLimits
from protocols.journal import Journal


@dataclass(frozen=True, slots=True)
class RouteContext:
    """The service around a route, and where the route stands."""

    loaded: Loaded
    reactor: Any
    journal: Journal
    """The service's, or that of the route at :attr:`path`."""
    stops: list[Stop]
    """Gets what has to be ended after the last request."""
    starts: list[Start]
    """Gets what has to be ready before the first."""
    limits: LimitsSpec
    """The service's."""
    gate: Gate | None = None
    """The service's."""
    ask: Ask = nobody
    """Whom to ask how the daemon is."""
    tally: Tally = ALONE
    """Keeps count of who asks how often."""
    channels: ChannelUses = field(default_factory=lambda: ChannelUses({}, []))
    """The channels that it uses."""
    privileged: list[Callable[[], None]] = field(default_factory=list)
    """Gets what is called while the process may still be root."""
    path: str = ""
    """The path of the route, as it is written."""
    methods: tuple[str, ...] = ()
    """The methods it is for; none: unless said."""
    auth: AuthSpec | None = None
    """The login that stands in front of it."""
    access: AccessSpec | None = None
    """The rules that stand in front of it, besides those of the service."""
    cors: CorsSpec | None = None
    """Which other sites' scripts may use it."""

    def at(
        self,
        path: str,
        methods: tuple[str, ...],
        auth: AuthSpec | None = None,
        access: AccessSpec | None = None,
        cors: CorsSpec | None = None,
    ) -> RouteContext:
        """The context of the route at `path`, for `methods`, behind `auth` and `access`, for the scripts that
        `cors` says."""
        journal = self.journal.of_route(path)
        return replace(self, path=path, methods=methods, auth=auth, access=access, cors=cors, journal=journal)

    @property
    def carriers(self) -> Carriers:
        """Those of the service, as far as a program minds them (see
        :class:`~protocols.daemon.programs.running.Place`)."""
        return Carriers(self.journal, stops=self.stops, starts=self.starts, privileged=self.privileged)

    @property
    def forms(self) -> FormLimits:
        """How much a form may hold."""
        limits = self.limits
        return FormLimits(limits.form_parts, limits.form_field, memory=limits.form_memory)
