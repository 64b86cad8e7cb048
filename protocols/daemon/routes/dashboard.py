"""``dashboard``: the live page."""

from __future__ import annotations

import socket

from protocols.daemon.access_rules import access_of
from protocols.daemon.dashboard.route import DashboardRoute
from protocols.daemon.dashboard.visitors import Visitors
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.dashboard import DashboardSpec
from protocols.http import Route


def dashboard(spec: DashboardSpec, context: RouteContext) -> Route:
    return DashboardRoute(
        spec.title or socket.gethostname(),
        context.ask,
        context.reactor,
        visitors(context),
        actions=spec.actions,
        tap=spec.tap,
    )


def visitors(context: RouteContext) -> Visitors:
    """Who may see the page of `context`."""
    service = context.loaded.config.services[context.journal.service]
    rules = [] if context.access is None else [access_of(context.access, context.loaded.networks)]
    if context.gate is not None:
        rules.append(context.gate.access)
    return Visitors(
        login=context.auth is not None,
        accesses=rules,
        certified=service.tls is not None and service.tls.client is not None and service.tls.client.required,
        balanced=service.accept_proxy is not None,
    )
