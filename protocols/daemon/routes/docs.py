"""``docs``: what the service offers."""

from __future__ import annotations

from protocols.daemon.describe.asyncapi import asyncapi
from protocols.daemon.describe.openapi import openapi
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.http import DocsSpec
from protocols.http import Route
from protocols.http.routes.docs import DocsRoute


def docs(spec: DocsSpec, context: RouteContext) -> Route:
    service = context.journal.service
    title = spec.title or service
    return DocsRoute(
        openapi=lambda: openapi(context.loaded, service, title, spec.version),
        asyncapi=lambda: asyncapi(context.loaded, title, spec.version),
    )
