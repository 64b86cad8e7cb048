"""From the routes of the YAML to the site that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableSequence
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.applications import AsgiSpec, ResourceSpec, WsgiSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import FilesSpec, RedirectSpec, RespondSpec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec
from protocols.http import (
    ASGIRoute,
    Entry,
    FilesRoute,
    HTTPFactory,
    Limits,
    RedirectRoute,
    RespondRoute,
    Route,
    WSGIRoute,
    function_route,
)
from protocols.journal import Journal


class RouteMaker:
    """Makes the routes of one site.

    :param journal: the site's.
    :param stops: gets what has to be ended after the last request.
    :param starts: gets what has to be ready before the first.
    """

    def __init__(
        self,
        loaded: Loaded,
        reactor: Any,
        journal: Journal,
        stops: MutableSequence[Callable[[], Any]],
        starts: MutableSequence[Callable[[], Deferred[None]]] | None = None,
    ) -> None:
        self._loaded = loaded
        self._reactor = reactor
        self._journal = journal
        self._stops = stops
        self._starts = [] if starts is None else starts

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

    def wsgi(self, spec: WsgiSpec) -> Route:
        route = WSGIRoute(
            self._application(spec.app, spec.factory),
            reactor=self._reactor,
            journal=self._journal,
            name=spec.app,
            threads=spec.threads,
            queue=spec.queue,
            timeout=spec.timeout,
        )
        self._stops.append(route.stop)
        return route

    def asgi(self, spec: AsgiSpec) -> Route:
        route = ASGIRoute(
            self._application(spec.app, spec.factory),
            reactor=self._reactor,
            journal=self._journal,
            name=spec.app,
            lifespan=spec.lifespan,
            timeout=spec.timeout,
        )
        self._starts.append(route.lifespan.start)
        self._stops.append(route.end)
        return route

    def resource(self, spec: ResourceSpec) -> Route:
        # Here, because twisted.web takes as long to import as everything else together.
        from protocols.http.routes.resource.route import ResourceRoute, resource_of

        named = self._loaded.resolved[spec.root]
        root = resource_of(named) or resource_of(self._called(named, spec.root))
        if root is None:
            raise TypeError(f"{spec.root} neither is nor makes a resource of twisted.web")
        route = ResourceRoute(
            root, reactor=self._reactor, journal=self._journal, name=spec.root, timeout=spec.timeout
        )
        self._stops.append(route.stop)
        return route

    def _application(self, reference: str, is_factory: bool) -> Any:
        named = self._loaded.resolved[reference]
        return self._called(named, reference) if is_factory else named

    def _called(self, named: Any, reference: str) -> Any:
        """What calling `named` makes."""
        if not callable(named):
            return None
        try:
            return named()
        except Exception as error:  # whatever it raises is the operator's to read
            raise ValueError(f"calling {reference} raised {type(error).__name__}: {error}") from error

    def redirect(self, spec: RedirectSpec) -> Route:
        return RedirectRoute(spec.to, spec.status)

    def respond(self, spec: RespondSpec) -> Route:
        return RespondRoute(spec.body, spec.status, spec.type)


ROUTES: Final[Mapping[str, Callable[[RouteMaker, Any], Route]]] = {
    "files": RouteMaker.files,
    "function": RouteMaker.function,
    "wsgi": RouteMaker.wsgi,
    "asgi": RouteMaker.asgi,
    "resource": RouteMaker.resource,
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
