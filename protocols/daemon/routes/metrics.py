"""``metrics``: how the daemon is, for Prometheus."""

from __future__ import annotations

from protocols.daemon.metrics import MetricsRoute
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.http import PlainRouteSpec
from protocols.http import Route


def metrics(spec: PlainRouteSpec, context: RouteContext) -> Route:
    return MetricsRoute(context.ask, context.reactor)
