"""Socket services as an AsyncAPI document.

``asyncapi-3.0.0.json`` is the specification's own schema; where it comes from stands in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft7Validator

from protocols.daemon.describe.asyncapi import asyncapi
from protocols.daemon.importing import importer
from protocols.daemon.loader import load

FUNCTIONS = '''
from collections.abc import AsyncIterator
from dataclasses import dataclass
from protocols.handlers import Conversation

@dataclass
class Order:
    """What a customer asks for."""
    item: str

def price(order: Order) -> Order:
    """Say what it costs."""
    return order

def shout(text: str) -> str:
    return text

def swallow(data: bytes) -> None:
    pass

async def count(order: Order) -> AsyncIterator[int]:
    yield 1

async def talk(connection: Conversation[Order]) -> None:
    pass

def anything(message):
    return message
'''

SERVICES = """
services:
  price: {listen: [tcp://:7000, "udp://[::1]:7000"], function: described:price}
  shout: {listen: unix:@shout, framing: netstring, function: described:shout}
  packed: {listen: tcp://127.0.0.1:7002, function: {call: described:price, codec: msgpack}}
  swallow: {listen: tcp://127.0.0.1:7003, function: described:swallow}
  count: {listen: tcp://127.0.0.1:7004, function: described:count}
  talk: {listen: tcp://127.0.0.1:7005, function: described:talk}
  anything: {listen: tcp://127.0.0.1:7006, function: described:anything}
  echo: {listen: tcp://127.0.0.1:7007, builtin: echo}
  off: {listen: tcp://127.0.0.1:7008, builtin: echo, enabled: false}
  web: {listen: tcp://127.0.0.1:7009, http: {/: {respond: hello}}}
"""


@pytest.fixture
def document(tmp_path: Path, forgotten_imports: None):
    (tmp_path / "described.py").write_text(dedent(FUNCTIONS))
    file = tmp_path / "polyport.yaml"
    file.write_text(dedent(SERVICES))
    return asyncapi(load(file, importer(tmp_path)), "Shop", "1.2")


def test_what_it_is(document):
    assert document["asyncapi"] == "3.0.0"
    assert document["info"] == {"title": "Shop", "version": "1.2"}


def test_it_is_as_the_specification_wants_it(document):
    schema = json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text())
    assert list(Draft7Validator(schema).iter_errors(document)) == []


def test_every_address_is_a_server(document):
    servers = {name: (server["host"], server["protocol"]) for name, server in document["servers"].items()}
    assert servers["price-1"] == ("localhost:7000", "tcp")
    assert servers["price-2"] == ("[::1]:7000", "udp")
    assert servers["shout"] == ("shout", "unix")
    assert document["channels"]["price"]["servers"] == [
        {"$ref": "#/servers/price-1"},
        {"$ref": "#/servers/price-2"},
    ]


def test_services_that_are_off_or_web_sites_are_not_there(document):
    assert {"off", "web"} & set(document["channels"]) == set()


def messages(document, name):
    found = document["channels"][name].get("messages", {})
    return {key: (each["contentType"], each["payload"]) for key, each in found.items()}


ORDER = {"$ref": "#/components/schemas/Order"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("price", {"message": ("application/json", ORDER), "reply": ("application/json", ORDER)}),
        ("packed", {"message": ("application/msgpack", ORDER), "reply": ("application/msgpack", ORDER)}),
        (
            "shout",
            {
                "message": ("text/plain; charset=utf-8", {"type": "string"}),
                "reply": ("text/plain; charset=utf-8", {"type": "string"}),
            },
        ),
        ("swallow", {"message": ("application/octet-stream", {"type": "string", "format": "binary"})}),
        (
            "count",
            {"message": ("application/json", ORDER), "reply": ("application/json", {"type": "integer"})},
        ),
        ("talk", {"message": ("application/json", ORDER)}),
        ("echo", {}),
    ],
)
def test_messages(document, name, expected):
    assert messages(document, name) == expected


def test_a_function_that_says_nothing_takes_bytes_and_gives_anything(document):
    found = messages(document, "anything")
    assert found["message"][0] == "application/octet-stream"
    assert found["reply"] == ("application/json", {})


def test_definitions_stand_once(document):
    schemas = document["components"]["schemas"]
    assert list(schemas) == ["Order"]
    assert schemas["Order"]["description"] == "What a customer asks for."


def test_operations_receive_and_reply(document):
    assert document["operations"]["price"] == {
        "action": "receive",
        "channel": {"$ref": "#/channels/price"},
        "messages": [{"$ref": "#/channels/price/messages/message"}],
        "reply": {
            "channel": {"$ref": "#/channels/price"},
            "messages": [{"$ref": "#/channels/price/messages/reply"}],
        },
    }
    assert "reply" not in document["operations"]["swallow"]
    assert "echo" not in document["operations"]


def test_words_for_people(document):
    assert document["channels"]["price"]["description"] == (
        "Say what it costs.\n\nFraming lines: each line is a message."
    )
    assert document["channels"]["shout"]["description"] == "Framing netstring: messages are netstrings."
