"""What a function takes and gives as messages, for a channel of AsyncAPI."""

from __future__ import annotations

import inspect
from typing import Any

from protocols.daemon.describe.payload import Payload
from protocols.daemon.describe.schemas import Built, Schemas
from protocols.daemon.loader import Loaded
from protocols.daemon.spec.handler import FunctionSpec
from protocols.handlers.signature import Signature, name_of, signature_of


class Messages:
    """The messages that a channel carries: what the function of `spec` takes, and its replies; none for what
    is no function."""

    def __init__(self, spec: FunctionSpec | None, loaded: Loaded, schemas: Schemas) -> None:
        self._payloads: dict[str, Payload] = {}
        self._function = loaded.resolved.get(spec.call) if spec is not None else None
        if spec is None or not callable(self._function):
            return
        signature = signature_of(self._function)
        self._payloads["message"] = Payload(signature.message, spec.codec, "validation", schemas)
        result = _result(self._function, signature)
        if result is not None and result is not type(None):
            self._payloads["reply"] = Payload(result, spec.codec, "serialization", schemas)

    @property
    def words(self) -> str:
        """What the function says of itself."""
        return "" if self._function is None else inspect.getdoc(self._function) or ""

    def channel(self, built: Built) -> dict[str, Any]:
        """The part of a channel that names its messages."""
        if not self._payloads:
            return {}
        return {
            "messages": {
                name: {"contentType": payload.content_type, "payload": payload.schema(built)}
                for name, payload in self._payloads.items()
            }
        }

    def operation(self, channel: str) -> dict[str, Any] | None:
        """What is done with the messages of the channel of that name: receive them, and reply."""
        if "message" not in self._payloads:
            return None
        place = f"#/channels/{channel}"
        operation: dict[str, Any] = {
            "action": "receive",
            "channel": {"$ref": place},
            "messages": [{"$ref": f"{place}/messages/message"}],
        }
        if "reply" in self._payloads:
            operation["reply"] = {
                "channel": {"$ref": place},
                "messages": [{"$ref": f"{place}/messages/reply"}],
            }
        return operation


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
