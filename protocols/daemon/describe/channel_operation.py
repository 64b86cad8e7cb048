"""A channel on a route, as operations of OpenAPI."""

from __future__ import annotations

from typing import Any, Final

from protocols.channels.since import WORDS
from protocols.daemon.describe.problem import DETAIL
from protocols.http.routes.channel.page import POSITION
from protocols.http.routes.channel.wanted import EVENTS, FORMATS, JSON, NDJSON, PAGE

NUMBER: Final = {"type": "integer", "minimum": 0}
TEXT: Final = {"type": "string"}

MESSAGE: Final = {
    "type": "object",
    "description": "A message; what is empty is left out, and base64 stands for a body that is no text.",
    "properties": {
        "seq": NUMBER,
        "time": {"type": "integer", "description": "Milliseconds since the epoch."},
        "key": TEXT,
        "from": TEXT,
        "type": TEXT,
        "id": TEXT,
        "headers": {"type": "object", "additionalProperties": TEXT},
        "body": {},
        "base64": {"type": "string", "contentEncoding": "base64"},
    },
    "required": ["seq", "time"],
}

_PAGE: Final = {
    "type": "object",
    "properties": {
        "messages": {"type": "array", "items": MESSAGE},
        "position": {"type": "integer", "description": "Where to go on: ?since=."},
        "next": {"type": "string", "description": "A reference to the next page, if there is one."},
    },
    "required": ["messages", "position"],
}

_BULK: Final = {
    "type": "object",
    "properties": {"published": NUMBER, "first": NUMBER, "last": NUMBER, "known": NUMBER},
    "required": ["published"],
}

_RECEIPT: Final = {
    "type": "object",
    "properties": {"seq": NUMBER, "new": {"type": "boolean"}},
    "required": ["seq"],
}


def channel_operation(method: str, name: str) -> dict[str, Any]:
    """What ``get`` or ``post`` does with the channel `name`."""
    return _reading(name) if method == "get" else _publishing(name)


def _reading(name: str) -> dict[str, Any]:
    return {
        "summary": f"Read the channel {name}",
        "parameters": [
            _named("since", TEXT, f"Where to begin: {WORDS}."),
            _named("limit", {"type": "integer", "minimum": 1}, f"Messages; {PAGE} of a page of JSON."),
            _named("key", TEXT, "Only messages of this key."),
            _named("wait", {"type": "string", "examples": ["30s"]}, "How long to wait if there are none."),
            _named(
                "format",
                {"type": "string", "enum": [*FORMATS, "body", "message"]},
                "The form, whatever Accept says; of events, whether each is the body or the whole message.",
            ),
            _named("Last-Event-ID", TEXT, "The last event that was heard: events go on behind it.", "header"),
        ],
        "responses": {
            "200": {
                "description": "Messages",
                "headers": {POSITION: {"description": "Where to go on: ?since=.", "schema": NUMBER}},
                "content": {
                    NDJSON: {"schema": MESSAGE},
                    JSON: {"schema": _PAGE},
                    EVENTS: {"schema": TEXT},
                },
            },
            "204": {"description": "Nothing has come"},
            "304": {"description": "Nothing has changed"},
            **dict.fromkeys(("406", "422", "503"), DETAIL),
        },
    }


def _publishing(name: str) -> dict[str, Any]:
    told = {"content": {JSON: {"schema": {"anyOf": [_RECEIPT, _BULK]}}}}
    return {
        "summary": f"Publish to the channel {name}",
        "parameters": [
            _named("key", TEXT, "The key of what says none."),
            _named(
                "format",
                {"type": "string", "enum": ["body", "message"]},
                f"What a line of {NDJSON} is: a body, or a message with key, id, type and body.",
            ),
            _named("Idempotency-Key", TEXT, "Publishing again under it publishes nothing twice.", "header"),
        ],
        "requestBody": {
            "required": True,
            "content": {"*/*": {"schema": {}}, NDJSON: {"schema": {}}},
        },
        "responses": {
            "200": {"description": "It was there already", **told},
            "201": {
                "description": "It has its place",
                "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
                **told,
            },
            **dict.fromkeys(("400", "413", "415", "422", "503"), DETAIL),
        },
    }


def _named(name: str, schema: dict[str, Any], words: str, place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "schema": schema, "description": words}
