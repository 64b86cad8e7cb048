"""``websocket``: messages of any handler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocols.daemon.channels.handlers import channel_handler, publishing
from protocols.daemon.forwarding import stream_forward
from protocols.daemon.handlers import builtin_handlers, function_handler
from protocols.daemon.programs.websocket import program_handler
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.websocket import WebSocketSpec
from protocols.http import Route, WebSocketRoute
from protocols.http.routes.websocket import Speaks, spoken_by
from protocols.http.websocket import Endpoint, Settings
from protocols.session import Handler

SPEAKS: Final[Mapping[str, Speaks]] = {
    "daytime": "text",
    "time": "binary",
    "chargen": "text",
    "qotd": "text",
}
"""What the classic services say of themselves over WebSocket; the others say what they are told."""


def websocket(spec: WebSocketSpec, context: RouteContext) -> Route:
    handler, speaks = _answering(spec, context)
    carrying = {name: getattr(spec, name) for name in WebSocketSpec.carrying}
    endpoint = Endpoint(
        clock=context.reactor,
        journal=context.journal,
        settings=Settings(
            idle=context.limits.idle,
            message_time=context.limits.message_time,
            output=context.limits.output,
            **carrying,
        ),
    )
    return WebSocketRoute(handler, endpoint, replies=spec.replies, speaks=speaks)


def _answering(spec: WebSocketSpec, context: RouteContext) -> tuple[Handler, Speaks]:
    """What answers the messages, and what its replies are by nature."""
    if spec.builtin is not None:
        return builtin_handlers(spec.builtin).stream, SPEAKS.get(spec.builtin.kind)
    if spec.forward is not None:
        # The bytes of a stream: nobody knows where its texts begin.
        service, ends = context.journal.service, context.stops.append
        return stream_forward(spec.forward, context.reactor, service, ends), "binary"
    if spec.channel is not None:
        # What clients read may be all they ever hear; a body that is no UTF-8 is binary all the same.
        return channel_handler(spec.channel, context.channels), "text"
    if spec.program is not None:
        handler = program_handler(spec.program, context, context.limits.model_fields_set)
        # Lines are text, as far as they are UTF-8; a shared program says itself what is.
        return handler, None if spec.program.mode == "shared" else "text"
    assert spec.function is not None
    handler = function_handler(
        spec.function, context.loaded, context.reactor, context.limits.pending, context.journal
    )
    context.stops.append(handler.stop)
    if spec.function.publish is not None:
        return publishing(handler, spec.function.publish, context.channels), "text"
    return handler, spoken_by(handler.codec.name)
