"""``redirect``, ``respond`` and ``builtin``: answers that need nothing of the service."""

from __future__ import annotations

from protocols.daemon.overview import overview
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.http import RedirectSpec, RespondSpec, RouteBuiltinSpec
from protocols.http import RedirectRoute, RespondRoute, Route
from protocols.http.routes.welcome import WelcomeRoute


def redirect(spec: RedirectSpec, context: RouteContext) -> Route:
    return RedirectRoute(spec.to, spec.status)


def respond(spec: RespondSpec, context: RouteContext) -> Route:
    return RespondRoute(spec.body, spec.status, spec.type)


def builtin(spec: RouteBuiltinSpec, context: RouteContext) -> Route:
    return WelcomeRoute(overview(context.loaded))
