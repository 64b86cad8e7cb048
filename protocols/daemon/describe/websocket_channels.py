"""The WebSocket routes of a web site, as channels of AsyncAPI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from protocols.daemon.describe.channel_messages import ChannelMessages
from protocols.daemon.describe.messages import Messages
from protocols.daemon.describe.schemas import Built, Schemas
from protocols.daemon.describe.servers import server_name, web_server
from protocols.daemon.loader import Loaded
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.http.routing import parameter_names

BINDING: Final = "0.1.0"
"""The version of the WebSocket binding: https://github.com/asyncapi/bindings/tree/master/websockets"""

SENT: Final = {
    "auto": "",
    "text": "Replies are sent as text.",
    "binary": "Replies are sent as binary messages.",
}


class WebSocketChannels:
    """The channels of the service `name`, which has ``http``: one for each of its WebSocket routes.

    :param taken: the names of all other channels; gets those of these.
    """

    def __init__(
        self, name: str, spec: ServiceSpec, loaded: Loaded, schemas: Schemas, taken: set[str]
    ) -> None:
        self._name = name
        self._spec = spec
        self._routes: dict[str, tuple[str, RouteSpec, Messages | ChannelMessages]] = {}
        for place, route in spec.routes:
            if route.websocket is not None:
                path = str(place[1])
                use = route.websocket.channel
                messages: Messages | ChannelMessages = (
                    Messages(route.websocket.function, loaded, schemas)
                    if use is None
                    else ChannelMessages(use, loaded, schemas)
                )
                self._routes[_identifier(f"{name}_{path}", taken)] = path, route, messages

    def servers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """One for each address, if there is any channel."""
        if self._routes:
            for index, address in enumerate(self._spec.listen):
                yield server_name(self._name, self._spec, index), web_server(address)

    def channels(self, built: Built) -> Iterator[tuple[str, dict[str, Any]]]:
        """What goes over the connections."""
        names = [server_name(self._name, self._spec, index) for index in range(len(self._spec.listen))]
        for identifier, (path, route, messages) in self._routes.items():
            channel: dict[str, Any] = {
                "address": path,
                "title": f"{self._name} {path}",
                "servers": [{"$ref": f"#/servers/{name}"} for name in names],
            }
            if words := _described(route, messages):
                channel["description"] = words
            if parameters := parameter_names(path):
                channel["parameters"] = {name: {} for name in parameters}
            yield identifier, {**channel, "bindings": {"ws": _binding(route)}, **messages.channel(built)}

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is done with messages."""
        for identifier, (_, route, messages) in self._routes.items():
            operation = messages.operation(identifier)
            if operation is not None:
                security = [{"$ref": f"#/components/securitySchemes/{kind}"} for kind in _logins(route)]
                yield identifier, {**operation, **({"security": security} if security else {})}

    def security(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """How clients prove who they are."""
        for _, route, _ in self._routes.values():
            yield from ((kind, {"type": "http", "scheme": kind}) for kind in _logins(route))


def _logins(route: RouteSpec) -> tuple[str, ...]:
    if route.auth is None:
        return ()
    kinds = ("basic", route.auth.basic), ("bearer", route.auth.bearer)
    return tuple(kind for kind, file in kinds if file is not None)


def _binding(route: RouteSpec) -> dict[str, Any]:
    assert route.websocket is not None
    binding: dict[str, Any] = {"method": "GET", "bindingVersion": BINDING}
    if route.websocket.subprotocols:
        protocols = {"type": "string", "enum": list(route.websocket.subprotocols)}
        binding["headers"] = {"type": "object", "properties": {"Sec-WebSocket-Protocol": protocols}}
    return binding


def _described(route: RouteSpec, messages: Messages | ChannelMessages) -> str:
    """What a person wants to know."""
    assert route.websocket is not None
    words = [messages.words]
    if route.websocket.builtin is not None:
        words.append(f"The builtin service {route.websocket.builtin.kind}.")
    words.append(SENT[route.websocket.replies])
    return "\n\n".join(word for word in words if word)


def _identifier(text: str, taken: set[str]) -> str:
    """A name made of `text` that was not taken; it is now."""
    name = wanted = re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("_")
    count = 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name
