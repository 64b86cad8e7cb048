"""``wsgi``, ``asgi`` and ``resource``: applications of other frameworks."""

from __future__ import annotations

from typing import Any

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.applications import AsgiSpec, ResourceSpec, WsgiSpec
from protocols.http import ASGIRoute, Route, WSGIRoute
from protocols.http.routes.app_interface import takes_nothing
from protocols.http.websocket import Endpoint


def wsgi(spec: WsgiSpec, context: RouteContext) -> Route:
    route = WSGIRoute(
        _application(spec.app, spec.factory, context),
        reactor=context.reactor,
        journal=context.journal,
        name=spec.app,
        threads=spec.threads,
        queue=spec.queue,
        timeout=spec.timeout,
    )
    context.stops.append(route.stop)
    return route


def asgi(spec: AsgiSpec, context: RouteContext) -> Route:
    route = ASGIRoute(
        _application(spec.app, spec.factory, context),
        reactor=context.reactor,
        journal=context.journal,
        name=spec.app,
        lifespan=spec.lifespan,
        timeout=spec.timeout,
        endpoint=Endpoint(clock=context.reactor, journal=context.journal),
    )
    context.starts.append(route.lifespan.start)
    context.stops.append(route.end)
    return route


def resource(spec: ResourceSpec, context: RouteContext) -> Route:
    # Here, because twisted.web takes as long to import as everything else together.
    from protocols.http.routes.resource.route import ResourceRoute, resource_of

    named = context.loaded.resolved[spec.root]
    root = resource_of(named) or resource_of(_called(named, spec.root))
    if root is None:
        raise TypeError(f"{spec.root} neither is nor makes a resource of twisted.web")
    route = ResourceRoute(
        root, reactor=context.reactor, journal=context.journal, name=spec.root, timeout=spec.timeout
    )
    context.stops.append(route.stop)
    return route


def _application(reference: str, is_factory: bool, context: RouteContext) -> Any:
    named = context.loaded.resolved[reference]
    if is_factory:
        return _called(named, reference)
    if takes_nothing(named):
        raise TypeError(
            f"{reference} takes no arguments, as what makes an application does: "
            f"{{app: {reference}, factory: true}}"
        )
    return named


def _called(named: Any, reference: str) -> Any:
    """What calling `named` makes."""
    if not callable(named):
        return None
    try:
        return named()
    except Exception as error:  # whatever it raises is the operator's to read
        raise ValueError(f"calling {reference} raised {type(error).__name__}: {error}") from error
