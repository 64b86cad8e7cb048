"""The socket services, and the WebSocket routes, of a configuration as an AsyncAPI 3.0 document.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from protocols.daemon.describe.channel_messages import ChannelMessages
from protocols.daemon.describe.messages import Messages
from protocols.daemon.describe.schemas import Built, Schemas
from protocols.daemon.describe.servers import server_name, socket_server
from protocols.daemon.describe.websocket_channels import WebSocketChannels
from protocols.daemon.loader import Loaded
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.service import ServiceSpec

VERSION: Final = "3.0.0"

FRAMINGS: Final = {
    "lines": "each line is a message",
    "delimited": "a message ends at a delimiter",
    "length": "the length of a message stands before it",
    "netstring": "messages are netstrings",
    "fixed": "messages have one size",
    "raw": "the bytes of a read are a message",
}


def asyncapi(loaded: Loaded, title: str, version: str) -> dict[str, Any]:
    """The document: a server for each address, a channel for each service that answers messages, and for each
    WebSocket route of the others.

    :param title: of the interface, for people.
    :param version: of the interface.
    """
    schemas = Schemas()
    sockets: list[_SocketService] = []
    sites: list[WebSocketChannels] = []
    names = set(loaded.config.services)
    for name, spec in loaded.config.services.items():
        if spec.enabled and spec.http is None:
            sockets.append(_SocketService(name, spec, loaded, schemas))
        elif spec.enabled:
            sites.append(WebSocketChannels(name, spec, loaded, schemas, names))
    services: list[_SocketService | WebSocketChannels] = [*sockets, *sites]
    built = schemas.build()
    components: dict[str, Any] = {}
    if built.definitions:
        components["schemas"] = built.definitions
    if security := {key: value for site in sites for key, value in site.security()}:
        components["securitySchemes"] = security
    document: dict[str, Any] = {
        "asyncapi": VERSION,
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "servers": {key: value for service in services for key, value in service.servers()},
        "channels": {key: value for service in services for key, value in service.channels(built)},
        "operations": {key: value for service in services for key, value in service.operations()},
    }
    return {**document, "components": components} if components else document


class _SocketService:
    """A service that answers messages on its sockets: one channel."""

    def __init__(self, name: str, spec: ServiceSpec, loaded: Loaded, schemas: Schemas) -> None:
        self._name = name
        self._spec = spec
        self._messages: Messages | ChannelMessages = (
            Messages(spec.function, loaded, schemas)
            if spec.channel is None
            else ChannelMessages(spec.channel, loaded, schemas)
        )
        self._origin = loaded.origin

    def servers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """One for each address."""
        for index, address in enumerate(self._spec.listen):
            hidden = self._origin.hides(("services", self._name, "listen", index))
            server = {"host": SECRET, "protocol": address.scheme} if hidden else socket_server(address)
            yield server_name(self._name, self._spec, index), server

    def channels(self, built: Built) -> Iterator[tuple[str, dict[str, Any]]]:
        """What goes over the connections."""
        names = [server_name(self._name, self._spec, index) for index in range(len(self._spec.listen))]
        channel: dict[str, Any] = {
            "address": None,
            "title": self._name,
            "servers": [{"$ref": f"#/servers/{name}"} for name in names],
        }
        if words := _described(self._spec, self._messages):
            channel["description"] = words
        yield self._name, {**channel, **self._messages.channel(built)}

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is done with messages."""
        operation = self._messages.operation(self._name)
        if operation is not None:
            yield self._name, operation


def _described(spec: ServiceSpec, messages: Messages | ChannelMessages) -> str:
    """What a person wants to know: what the function says of itself, and how messages are told apart."""
    words = [messages.words]
    if spec.builtin is not None:
        words.append(f"The builtin service {spec.builtin.kind}.")
    if spec.program is not None:
        words.append("A program.")
    if spec.forward is not None:
        words.append("A stream of another server.")
    if spec.factory is not None:
        words.append(f"A protocol of its own: {spec.factory}.")
    elif any(address.family != "datagram" for address in spec.listen):
        kind = spec.framing.kind if isinstance(spec.framing, FramingSpec) else "lines"
        words.append(f"Framing {kind}: {FRAMINGS[kind]}.")
    return "\n\n".join(word for word in words if word)
