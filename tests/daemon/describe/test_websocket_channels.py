"""WebSocket routes in an AsyncAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft7Validator

from protocols.daemon.describe.asyncapi import asyncapi
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.http.policy.tokens import hash_token

FUNCTIONS = '''
from dataclasses import dataclass
from protocols.handlers import Conversation

@dataclass
class Order:
    item: str

def price(order: Order) -> float:
    """Say what it costs."""
    return 1.5

async def talk(connection: Conversation[str]) -> None:
    pass
'''

SERVICES = """
services:
  plain: {listen: tcp://:7000, function: described:price}
  web_live: {listen: tcp://:7001, function: described:price}
  web:
    listen: [tcp://:8080, "tls://[::1]:8443", unix:web.sock]
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    http:
      /: {respond: hello}
      /price: {websocket: {function: described:price}, auth: {bearer: tokens}}
      /packed: {websocket: {function: {call: described:price, codec: msgpack}, replies: binary}}
      /rooms/{room}/live: {websocket: {function: described:talk, subprotocols: [chat.v2, chat.v1]}}
      /echo: {websocket: {builtin: echo}}
      /live: {websocket: {function: described:talk}}
      /li-ve: {websocket: {function: described:talk}}
      /li.ve: {websocket: {function: described:talk}}
      /li_ve: {websocket: {function: described:talk}}
      /li~ve: {websocket: {function: described:talk}}
  site: {listen: tcp://:8081, http: {/: {respond: hello}}}
  off: {listen: tcp://:8082, http: {/: {websocket: {builtin: echo}}}, enabled: false}
"""


@pytest.fixture
def document(written, tmp_path: Path, forgotten_imports: None):
    (tmp_path / "described.py").write_text(dedent(FUNCTIONS))
    (tmp_path / "tokens").write_text(f"backup:{hash_token('a' * 20)}\n")
    (tmp_path / "tokens").chmod(0o600)
    return asyncapi(load(written(SERVICES), importer(tmp_path)), "Shop", "1.2")


def test_it_is_as_the_specification_wants_it(document) -> None:
    schema = json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text())
    assert list(Draft7Validator(schema).iter_errors(document)) == []


def test_everything_that_is_referred_to_is_there(document) -> None:
    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_address_of_a_site_with_websockets_is_a_server(document) -> None:
    servers = {name: (each["protocol"], each["description"]) for name, each in document["servers"].items()}
    assert servers["web-1"] == ("ws", "ws://localhost:8080")
    assert servers["web-2"] == ("wss", "wss://[::1]:8443")
    assert servers["web-3"][0] == "ws"
    assert servers["web-3"][1].startswith("unix:")
    assert {"site", "off"} & set(servers) == set()


def test_every_route_is_a_channel(document) -> None:
    addresses = {name: each["address"] for name, each in document["channels"].items()}
    assert addresses == {
        "plain": None,
        "web_live": None,
        "web_price": "/price",
        "web_packed": "/packed",
        "web_rooms_room_live": "/rooms/{room}/live",
        "web_echo": "/echo",
        "web_live_2": "/live",
        "web_li-ve": "/li-ve",
        "web_li.ve": "/li.ve",
        "web_li_ve": "/li_ve",
        "web_li_ve_2": "/li~ve",
    }


def test_messages_and_replies(document) -> None:
    channel = document["channels"]["web_price"]
    assert channel["messages"] == {
        "message": {"contentType": "application/json", "payload": {"$ref": "#/components/schemas/Order"}},
        "reply": {"contentType": "application/json", "payload": {"type": "number"}},
    }
    assert channel["description"] == "Say what it costs."
    assert channel["servers"] == [{"$ref": f"#/servers/web-{number}"} for number in (1, 2, 3)]
    assert document["operations"]["web_price"] == {
        "action": "receive",
        "channel": {"$ref": "#/channels/web_price"},
        "messages": [{"$ref": "#/channels/web_price/messages/message"}],
        "reply": {
            "channel": {"$ref": "#/channels/web_price"},
            "messages": [{"$ref": "#/channels/web_price/messages/reply"}],
        },
        "security": [{"$ref": "#/components/securitySchemes/bearer"}],
    }
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}


def test_what_replies_are_sent_as(document) -> None:
    channel = document["channels"]["web_packed"]
    assert channel["messages"]["reply"]["contentType"] == "application/msgpack"
    assert channel["description"] == "Say what it costs.\n\nReplies are sent as binary messages."


def test_parameters_and_subprotocols(document) -> None:
    channel = document["channels"]["web_rooms_room_live"]
    assert channel["parameters"] == {"room": {}}
    assert list(channel["messages"]) == ["message"]
    assert channel["bindings"]["ws"] == {
        "method": "GET",
        "bindingVersion": "0.1.0",
        "headers": {
            "type": "object",
            "properties": {"Sec-WebSocket-Protocol": {"type": "string", "enum": ["chat.v2", "chat.v1"]}},
        },
    }


def test_a_builtin_service_says_what_it_is(document) -> None:
    channel = document["channels"]["web_echo"]
    assert channel["description"] == "The builtin service echo."
    assert "messages" not in channel
    assert "web_echo" not in document["operations"]
