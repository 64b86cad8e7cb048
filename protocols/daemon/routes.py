"""From the routes of the YAML to the site that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Final, Self

from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.events import EventsSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import FilesSpec, RedirectSpec, RespondSpec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec
from protocols.http import (
    Entry,
    EventsRoute,
    FilesRoute,
    FormLimits,
    HTTPFactory,
    Limits,
    RedirectRoute,
    RespondRoute,
    Route,
    function_route,
)
from protocols.journal import Journal


class RouteMaker:
    """Makes the routes of one site.

    :param journal: the site's.
    :param stops: gets what has to be ended after the last request.
    """

    def __init__(
        self, loaded: Loaded, reactor: Any, journal: Journal, stops: list[Callable[[], None]]
    ) -> None:
        self._loaded = loaded
        self._reactor = reactor
        self._journal = journal
        self._stops = stops
        self._path = ""
        self._forms = FormLimits()

    def at(self, path: str, limits: LimitsSpec) -> Self:
        """A maker of routes at `path`, of a service with these limits."""
        other = copy(self)
        other._path = path
        other._forms = FormLimits(limits.form_parts, limits.form_field, memory=limits.form_memory)
        return other

    def events(self, spec: EventsSpec) -> Route:
        route = EventsRoute(
            self._loaded.resolved[spec.call],  # type: ignore[arg-type]  # it says so if it is no generator
            reactor=self._reactor,
            journal=self._journal,
            path=self._path,
            run=spec.run,
            retry=spec.retry,
            heartbeat=spec.heartbeat,
            streams=spec.streams,
        )
        self._stops.append(route.stop)
        return route

    def files(self, spec: FilesSpec) -> Route:
        return FilesRoute(spec.folder, spec.index, listing=spec.listing)

    def function(self, spec: FunctionSpec) -> Route:
        route = function_route(
            self._loaded.resolved[spec.call],  # type: ignore[arg-type]  # it says so if it is no function
            reactor=self._reactor,
            journal=self._journal,
            path=self._path,
            run=spec.run,
            workers=spec.workers,
            timeout=spec.timeout,
            codec=spec.codec,
            forms=self._forms,
        )
        self._stops.append(route.stop)
        return route

    def redirect(self, spec: RedirectSpec) -> Route:
        return RedirectRoute(spec.to, spec.status)

    def respond(self, spec: RespondSpec) -> Route:
        return RespondRoute(spec.body, spec.status, spec.type)


ROUTES: Final[Mapping[str, Callable[[RouteMaker, Any], Route]]] = {
    "events": RouteMaker.events,
    "files": RouteMaker.files,
    "function": RouteMaker.function,
    "redirect": RouteMaker.redirect,
    "respond": RouteMaker.respond,
}
"""The kinds of route there are."""


def site_for(spec: ServiceSpec, maker: RouteMaker, journal: Journal, reactor: Any) -> HTTPFactory:
    """The factory that serves the routes of `spec`.

    Raises :class:`~protocols.daemon.misfit.MisfitError` for the first route that cannot be made.
    """
    routes: dict[str, list[Entry]] = {}
    for place, route in spec.routes:
        try:
            made = ROUTES[route.kind](maker.at(str(place[1]), spec.limits), route.settings)
        except (TypeError, ValueError, OSError) as error:
            raise MisfitError((*place, route.kind), str(error)) from error
        entry = Entry(made, route.methods or (), route.hosts or (), route.body)
        routes.setdefault(str(place[1]), []).append(entry)
    try:
        return HTTPFactory(
            routes,
            journal=journal,
            clock=reactor,
            limits=_limits(spec.limits),
            connections=spec.limits.connections,
        )
    except ValueError as error:
        raise MisfitError(("http",), str(error)) from error


def _limits(spec: LimitsSpec) -> Limits:
    return Limits(idle=spec.idle, **{name: getattr(spec, name) for name in LimitsSpec.http})
