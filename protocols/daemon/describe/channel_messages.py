"""What a channel takes and gives as messages, for a channel of AsyncAPI."""

from __future__ import annotations

from typing import Any, Final

from protocols.daemon.describe.payload import Payload
from protocols.daemon.describe.schemas import Built, Schemas
from protocols.daemon.loader import Loaded
from protocols.daemon.overview import channel_answers
from protocols.daemon.spec.channel_use import ChannelUseSpec

RECEIVES: Final = ("publish", "chat")
"""Modes in which what a peer sends are messages of the channel."""


class ChannelMessages:
    """The messages of the channel that `use` names, as far as its schema tells."""

    def __init__(self, use: ChannelUseSpec, loaded: Loaded, schemas: Schemas) -> None:
        self._use = use
        self._payload: Payload | None = None
        spec = loaded.config.channels.get(use.channels[0])
        if spec is not None and spec.schema is not None and use.mode != "commands" and use.format == "body":
            annotation = loaded.resolved.get(spec.schema)
            if annotation is not None:
                self._payload = Payload(annotation, spec.codec, "validation", schemas)

    @property
    def words(self) -> str:
        """What a peer can do."""
        text = channel_answers(self._use)
        return f"{text[0].upper()}{text[1:]}."

    def channel(self, built: Built) -> dict[str, Any]:
        """The part of a channel that names its messages."""
        if self._payload is None:
            return {}
        message = {"contentType": self._payload.content_type, "payload": self._payload.schema(built)}
        return {"messages": {"message": message}}

    def operation(self, channel: str) -> dict[str, Any] | None:
        """What is done with the messages of the channel of that name."""
        if self._payload is None:
            return None
        place = f"#/channels/{channel}"
        message = {"$ref": f"{place}/messages/message"}
        operation: dict[str, Any] = {
            "action": "receive" if self._use.mode in RECEIVES else "send",
            "channel": {"$ref": place},
            "messages": [message],
        }
        if self._use.mode == "chat":
            operation["reply"] = {"channel": {"$ref": place}, "messages": [message]}
        return operation
