"""From the routes of the YAML to the site that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.daemon.carriers import Stop
from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.cgi import CgiSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import FilesSpec, RedirectSpec, RespondSpec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec
from protocols.http import (
    CgiRoute,
    Entry,
    FilesRoute,
    HTTPFactory,
    Limits,
    RedirectRoute,
    RespondRoute,
    Route,
    function_route,
)
from protocols.http.routes.cgi.script import OneProgram, ScriptFolder, Scripts
from protocols.journal import Journal


class RouteMaker:
    """Makes the routes of one site.

    :param journal: the site's.
    :param stops: gets what has to be ended after the last request.
    """

    def __init__(self, loaded: Loaded, reactor: Any, journal: Journal, stops: list[Stop]) -> None:
        self._loaded = loaded
        self._reactor = reactor
        self._journal = journal
        self._stops = stops

    def cgi(self, spec: CgiSpec) -> Route:
        scripts: Scripts
        if spec.folder is not None:
            scripts = ScriptFolder(spec.folder, spec.interpreters)
        else:
            assert spec.program is not None
            scripts = OneProgram(spec.program)
        route = CgiRoute(
            scripts,
            reactor=self._reactor,
            journal=self._journal,
            documents=spec.documents,
            environment=spec.environment,
            authorization=spec.authorization,
            words=spec.words,
            timeout=spec.timeout,
            processes=spec.processes,
            queue=spec.queue,
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
            run=spec.run,
            workers=spec.workers,
            timeout=spec.timeout,
            codec=spec.codec,
        )
        self._stops.append(route.stop)
        return route

    def redirect(self, spec: RedirectSpec) -> Route:
        return RedirectRoute(spec.to, spec.status)

    def respond(self, spec: RespondSpec) -> Route:
        return RespondRoute(spec.body, spec.status, spec.type)


ROUTES: Final[Mapping[str, Callable[[RouteMaker, Any], Route]]] = {
    "cgi": RouteMaker.cgi,
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
