"""``proxy``: other HTTP servers."""

from __future__ import annotations

from dataclasses import fields

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.proxy import ProxySpec
from protocols.http import ProxyLimits, ProxyRoute, Route


def proxy(spec: ProxySpec, context: RouteContext) -> Route:
    own = spec.certificate
    if isinstance(own, str):
        own = context.loaded.config.certificates[own]
    route = ProxyRoute(
        spec.origins,
        reactor=context.reactor,
        journal=context.journal,
        limits=ProxyLimits(**{field.name: getattr(spec, field.name) for field in fields(ProxyLimits)}),
        balance=spec.balance,
        host=spec.host,
        append=spec.forwarded == "append",
        identity=spec.identity,
        rewrite=spec.redirects == "rewrite",
        upgrades=spec.upgrade,
        ca=spec.ca,
        server_name=spec.server_name,
        certificate=own.certificate if own else None,
        key=own.key if own else None,
    )
    context.stops.append(route.stop)
    return route
