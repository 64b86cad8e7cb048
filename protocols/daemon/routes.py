"""From the routes of the YAML to the site that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any, Final

from protocols.daemon.carriers import Stop
from protocols.daemon.handlers import builtin_handlers, function_handler
from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.overview import overview
from protocols.daemon.policies import PolicyMaker
from protocols.daemon.problems import Path
from protocols.daemon.spec.cgi import CgiSpec
from protocols.daemon.spec.files import FilesSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.http import RedirectSpec, RespondSpec, RouteBuiltinSpec, RouteSpec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec
from protocols.daemon.spec.trusted import UNIX
from protocols.daemon.spec.websocket import WebSocketSpec
from protocols.http import (
    CgiRoute,
    Entry,
    FilesRoute,
    HTTPFactory,
    Limits,
    RedirectRoute,
    RespondRoute,
    Route,
    WebSocketRoute,
    function_route,
)
from protocols.http.access_log.access import Access
from protocols.http.forwarded import TrustedProxies
from protocols.http.routes.cgi.script import OneProgram, ScriptFolder, Scripts
from protocols.http.routes.websocket import Speaks, spoken_by
from protocols.http.routes.welcome import WelcomeRoute
from protocols.http.websocket import Endpoint, Settings
from protocols.journal import Journal
from protocols.session import Handler

_LIMITS: Final = LimitsSpec()

SPEAKS: Final[Mapping[str, Speaks]] = {
    "daytime": "text",
    "time": "binary",
    "chargen": "text",
    "qotd": "text",
}
"""What the classic services say of themselves over WebSocket; the others say what they are told."""


class RouteMaker:
    """Makes the routes of one site.

    :param journal: the site's.
    :param stops: gets what has to be ended after the last request.
    :param limits: the service's.
    """

    def __init__(
        self,
        loaded: Loaded,
        reactor: Any,
        journal: Journal,
        stops: list[Stop],
        limits: LimitsSpec = _LIMITS,
    ) -> None:
        self._loaded = loaded
        self._reactor = reactor
        self._journal = journal
        self._stops = stops
        self._service = limits
        self._policies = PolicyMaker(reactor, journal, stops)

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
        route = FilesRoute(
            spec.folder,
            spec.index,
            reactor=self._reactor,
            listing=spec.listing,
            symlinks=spec.symlinks,
            dotfiles=spec.dotfiles,
            cache_control=spec.cache_control,
            precompressed=spec.precompressed,
            compress=spec.compress,
            memory=spec.memory,
        )
        self._stops.append(route.stop)
        return route

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

    def websocket(self, spec: WebSocketSpec) -> Route:
        handler, speaks = self._answering(spec)
        endpoint = Endpoint(
            clock=self._reactor,
            journal=self._journal,
            settings=Settings(
                idle=self._service.idle, **{name: getattr(spec, name) for name in WebSocketSpec.carrying}
            ),
        )
        return WebSocketRoute(handler, endpoint, replies=spec.replies, speaks=speaks)

    def _answering(self, spec: WebSocketSpec) -> tuple[Handler, Speaks]:
        """What answers the messages of a WebSocket, and what its replies are by nature."""
        if spec.builtin is not None:
            return builtin_handlers(spec.builtin).stream, SPEAKS.get(spec.builtin.kind)
        assert spec.function is not None
        handler = function_handler(spec.function, self._loaded, self._reactor, self._service.pending)
        self._stops.append(handler.stop)
        return handler, spoken_by(handler.codec.name)

    def builtin(self, spec: RouteBuiltinSpec) -> Route:
        return WelcomeRoute(overview(self._loaded))

    def wrapped(self, route: Route, spec: RouteSpec, place: Path, body: int) -> Route:
        """`route` with the policies of `spec`, which stands at `place` below the service; just itself if
        there is none.  `body` is how many bytes of content it takes."""
        return self._policies.wrap(route, spec, place, body) if spec.is_wrapped else route

    def trusted(self, spec: ServiceSpec) -> TrustedProxies | None:
        """The proxies that are believed."""
        chosen = spec.trusted or self._loaded.config.server.trusted
        if chosen is None:
            return None
        networks = [ip_network(proxy) for proxy in chosen.proxies if proxy != UNIX]
        return TrustedProxies(networks, unix=UNIX in chosen.proxies, style=chosen.fields)


ROUTES: Final[Mapping[str, Callable[[RouteMaker, Any], Route]]] = {
    "cgi": RouteMaker.cgi,
    "files": RouteMaker.files,
    "function": RouteMaker.function,
    "redirect": RouteMaker.redirect,
    "respond": RouteMaker.respond,
    "websocket": RouteMaker.websocket,
    "builtin": RouteMaker.builtin,
}
"""The kinds of route there are."""


def site_for(
    spec: ServiceSpec,
    maker: RouteMaker,
    journal: Journal,
    reactor: Any,
    access: Callable[[Access], object] | None = None,
) -> HTTPFactory:
    """The factory that serves the routes of `spec`, and tells `access` of every request.

    Raises :class:`~protocols.daemon.misfit.MisfitError` for the first route that cannot be made.
    """
    routes: dict[str, list[Entry]] = {}
    for place, route in spec.routes:
        try:
            made = ROUTES[route.kind](maker, route.settings)
        except (TypeError, ValueError, OSError) as error:
            raise MisfitError((*place, route.kind), str(error)) from error
        made = maker.wrapped(made, route, place, route.body or spec.limits.body)
        entry = Entry(made, route.methods or (), route.hosts or (), route.body)
        routes.setdefault(str(place[1]), []).append(entry)
    try:
        return HTTPFactory(
            routes,
            journal=journal,
            clock=reactor,
            limits=_limits(spec.limits),
            connections=spec.limits.connections,
            trusted=maker.trusted(spec),
            access=access,
        )
    except ValueError as error:
        raise MisfitError(("http",), str(error)) from error


def _limits(spec: LimitsSpec) -> Limits:
    return Limits(idle=spec.idle, **{name: getattr(spec, name) for name in LimitsSpec.http})
