"""``channel``: a log of messages as a resource."""

from __future__ import annotations

from protocols.channels.since import Since
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.channel_use import ChannelRouteSpec
from protocols.http import Route
from protocols.http.policy.cors import Origins
from protocols.http.routes.channel.route import ChannelRoute


def channel(spec: ChannelRouteSpec, context: RouteContext) -> Route:
    route = ChannelRoute(
        context.channels.channel(spec.name),
        clock=context.reactor,
        publishes=spec.publish,
        reads=spec.read,
        since=Since.parse(spec.since),
        form=spec.format,
        retry=float(spec.retry),
        heartbeat=float(spec.heartbeat),
        origins=() if context.cors is None else Origins(context.cors.origins),
    )
    context.stops.append(route.stop)
    return route
