"""``function`` and ``events``: a user's functions."""

from __future__ import annotations

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.events import EventsSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.http import EventsRoute, Route, function_route
from protocols.http.routes.channel.published_answers import PublishedAnswers


def function(spec: FunctionSpec, context: RouteContext) -> Route:
    route = function_route(
        context.loaded.resolved[spec.call],  # type: ignore[arg-type]  # it says so if it is no function
        reactor=context.reactor,
        journal=context.journal,
        path=context.path,
        run=spec.run,
        workers=spec.workers,
        timeout=spec.timeout,
        codec=spec.codec,
        forms=context.forms,
        methods=context.methods,
    )
    context.stops.append(route.stop)
    if spec.publish is None:
        return route
    return PublishedAnswers(route, context.channels.channel(spec.publish))


def events(spec: EventsSpec, context: RouteContext) -> Route:
    route = EventsRoute(
        context.loaded.resolved[spec.call],  # type: ignore[arg-type]  # it says so if it is no generator
        reactor=context.reactor,
        journal=context.journal,
        path=context.path,
        run=spec.run,
        retry=spec.retry,
        heartbeat=spec.heartbeat,
        streams=spec.streams,
    )
    context.stops.append(route.stop)
    return route
