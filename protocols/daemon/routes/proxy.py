"""``proxy``: other HTTP servers."""

from __future__ import annotations

from dataclasses import fields

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.proxy import ProxySpec
from protocols.http import ProxyLimits, ProxyRoute, Route


def proxy(spec: ProxySpec, context: RouteContext) -> Route:
    route = ProxyRoute(
        spec.origins,
        reactor=context.reactor,
        limits=ProxyLimits(**{field.name: getattr(spec, field.name) for field in fields(ProxyLimits)}),
        balance=spec.balance,
        host=spec.host,
        append=spec.forwarded == "append",
        identity=spec.identity,
        rewrite=spec.redirects == "rewrite",
        upgrades=spec.upgrade,
        ca=spec.ca,
        server_name=spec.server_name,
    )
    context.stops.append(route.stop)
    return route
