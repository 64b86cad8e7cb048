"""The socket services of a configuration as an AsyncAPI 3.0 document.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Final

from protocols.daemon.describe.payload import Payload
from protocols.daemon.describe.schemas import Built, Schemas
from protocols.daemon.loader import Loaded
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import FunctionSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.handlers.signature import Signature, name_of, signature_of

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
    """The document: a server for each address, a channel for each service that answers messages.

    :param title: of the interface, for people.
    :param version: of the interface.
    """
    schemas = Schemas()
    services = [
        _Service(name, spec, loaded, schemas)
        for name, spec in loaded.config.services.items()
        if spec.enabled and spec.http is None
    ]
    built = schemas.build()
    document: dict[str, Any] = {
        "asyncapi": VERSION,
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "servers": {key: value for service in services for key, value in service.servers()},
        "channels": {service.name: service.channel(built) for service in services},
        "operations": {key: value for service in services for key, value in service.operations()},
    }
    if built.definitions:
        document["components"] = {"schemas": built.definitions}
    return document


class _Service:
    """One service."""

    def __init__(self, name: str, spec: ServiceSpec, loaded: Loaded, schemas: Schemas) -> None:
        self.name = name
        self._spec = spec
        self._origin = loaded.origin
        self._function: object = None
        self._messages: dict[str, Payload] = {}
        if spec.function is not None:
            self._read(spec.function, loaded, schemas)

    def _read(self, spec: FunctionSpec, loaded: Loaded, schemas: Schemas) -> None:
        function = loaded.resolved.get(spec.call)
        if not callable(function):
            return
        self._function = function
        signature = signature_of(function)
        self._messages["message"] = Payload(signature.message, spec.codec, "validation", schemas)
        result = _result(function, signature)
        if result is not None and result is not type(None):
            self._messages["reply"] = Payload(result, spec.codec, "serialization", schemas)

    def servers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """One for each address."""
        for index, address in enumerate(self._spec.listen):
            hidden = self._origin.hides(("services", self.name, "listen", index))
            server = {"host": SECRET, "protocol": address.scheme} if hidden else _server(address)
            yield self._server_name(index), server

    def channel(self, built: Built) -> dict[str, Any]:
        """What goes over the connections."""
        names = [self._server_name(index) for index in range(len(self._spec.listen))]
        channel: dict[str, Any] = {
            "address": None,
            "title": self.name,
            "servers": [{"$ref": f"#/servers/{name}"} for name in names],
        }
        description = _described(self._spec, self._function)
        if description:
            channel["description"] = description
        if self._messages:
            channel["messages"] = {
                name: {"contentType": payload.content_type, "payload": payload.schema(built)}
                for name, payload in self._messages.items()
            }
        return channel

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the service does with messages: receive them, and reply."""
        if "message" not in self._messages:
            return
        channel = f"#/channels/{self.name}"
        operation: dict[str, Any] = {
            "action": "receive",
            "channel": {"$ref": channel},
            "messages": [{"$ref": f"{channel}/messages/message"}],
        }
        if "reply" in self._messages:
            operation["reply"] = {
                "channel": {"$ref": channel},
                "messages": [{"$ref": f"{channel}/messages/reply"}],
            }
        yield self.name, operation

    def _server_name(self, index: int) -> str:
        return self.name if len(self._spec.listen) == 1 else f"{self.name}-{index + 1}"


def _server(address: Address) -> dict[str, Any]:
    host = address.path or address.name
    if address.scheme in ("tcp", "tls", "udp"):
        name = address.host or "localhost"
        host = f"[{name}]:{address.port}" if ":" in name else f"{name}:{address.port}"
    return {"host": host, "protocol": address.scheme, "description": str(address)}


def _described(spec: ServiceSpec, function: object) -> str:
    """What a person wants to know: what the function says of itself, and how messages are told apart."""
    words = [inspect.getdoc(function) or ""] if function is not None else []
    if spec.builtin is not None:
        words.append(f"The builtin service {spec.builtin.kind}.")
    if spec.forward is not None:
        words.append("A stream of another server.")
    if spec.factory is not None:
        words.append(f"A protocol of its own: {spec.factory}.")
    elif any(address.family != "datagram" for address in spec.listen):
        kind = spec.framing.kind if isinstance(spec.framing, FramingSpec) else "lines"
        words.append(f"Framing {kind}: {FRAMINGS[kind]}.")
    return "\n\n".join(word for word in words if word)


def _result(function: Any, signature: Signature) -> object:
    """The annotation of a reply; ``None`` where there is none to tell."""
    try:
        annotation = inspect.signature(function, eval_str=True).return_annotation
    except (ValueError, NameError) as error:
        raise TypeError(f"{name_of(function)} does not tell what it gives") from error
    if signature.kind == "conversation":
        return None
    if "generator" in signature.kind and annotation is not inspect.Signature.empty:
        arguments = getattr(annotation, "__args__", ())
        return arguments[0] if arguments else object
    return annotation
