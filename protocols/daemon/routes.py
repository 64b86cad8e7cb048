"""From the routes of the YAML to the site that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import FilesSpec, RedirectSpec, RespondSpec
from protocols.daemon.spec.proxy import ProxySpec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec
from protocols.http import (
    Entry,
    FilesRoute,
    HTTPFactory,
    Limits,
    ProxyLimits,
    ProxyRoute,
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

    def files(self, spec: FilesSpec) -> Route:
        return FilesRoute(spec.folder, spec.index, listing=spec.listing)

    def function(self, spec: FunctionSpec) -> Route:
        route = function_route(
            self._loaded.resolved[spec.call],  # type: ignore[arg-type]  # it says so if it is no function
            reactor=self._reactor,
            journal=self._journal,
            run=spec.run,
            workers=spec.workers,
            timeout=spec.timeout,
            codec=spec.codec,
        )
        self._stops.append(route.stop)
        return route

    def proxy(self, spec: ProxySpec) -> Route:
        route = ProxyRoute(
            spec.origins,
            reactor=self._reactor,
            limits=ProxyLimits(**{field.name: getattr(spec, field.name) for field in fields(ProxyLimits)}),
            balance=spec.balance,
            host=spec.host,
            append=spec.forwarded == "append",
            rewrite=spec.redirects == "rewrite",
            upgrades=spec.upgrade,
            ca=spec.ca,
            server_name=spec.server_name,
        )
        self._stops.append(route.stop)
        return route

    def redirect(self, spec: RedirectSpec) -> Route:
        return RedirectRoute(spec.to, spec.status)

    def respond(self, spec: RespondSpec) -> Route:
        return RespondRoute(spec.body, spec.status, spec.type)


ROUTES: Final[Mapping[str, Callable[[RouteMaker, Any], Route]]] = {
    "files": RouteMaker.files,
    "function": RouteMaker.function,
    "proxy": RouteMaker.proxy,
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
            made = ROUTES[route.kind](maker, route.settings)
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
