"""What readers are sent of a message."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from protocols.channels.batch import Render
from protocols.channels.message import Message
from protocols.channels.message_json import as_json

Form: TypeAlias = Literal["body", "json"]
"""The body as it was published, or the message with everything that is known of it as JSON
(:mod:`protocols.channels.message_json`)."""

_ENDS: Final = re.compile(rb"[\n\r\0]")
"""What ends a message in most framings that look for something."""


def body(message: Message) -> bytes:
    """The body."""
    return message.body


def body_or_json(message: Message) -> bytes:
    """The body, or the whole as JSON where a line could not carry the body."""
    return as_json(message) if _ENDS.search(message.body) else message.body


FORMS: Final[dict[Form, tuple[Render, ...]]] = {
    "body": (body, body_or_json, as_json),
    "json": (as_json,),
}
"""How a message is sent in each form: the first that a carrier's framing can carry."""
