"""HTTP routes as an OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi_spec_validator import validate

from protocols.daemon.describe.openapi import openapi
from protocols.daemon.importing import importer
from protocols.daemon.loader import load

FUNCTIONS = '''
from collections.abc import AsyncIterator
from dataclasses import dataclass
from protocols.http import Request, Response, Upload
from protocols.session import Peer

@dataclass
class Order:
    """What a customer asks for."""
    item: str
    count: int = 1

@dataclass
class Quote:
    total: float

def price(order: Order) -> Quote:
    """Say what it costs.

    At length.
    """
    return Quote(1.0)

def item(id: int, peer: Peer, q: str = "", tags: list[str] = ()) -> str:
    return ""

def change(id: int, order: Order, dry: bool = False) -> None:
    pass

def photo(title: str, picture: Upload) -> None:
    pass

async def count(order: Order) -> AsyncIterator[Quote]:
    yield Quote(1.0)

async def whole(request: Request) -> Response:
    """Anything."""
    return Response("")

async def ticks(last_event_id: str | None):
    yield "tick"
'''

SERVICES = """
services:
  web:
    listen: [tcp://:8080, "tls://[::1]:8443", unix:@web]
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    http:
      /: {files: tls}
      /price: {function: described:price}
      /items/{id}: {function: described:item, rate: 5/s}
      /change/{id}: {function: described:change, methods: [PUT]}
      /photo: {function: described:photo}
      /count: {function: described:count}
      /whole: {function: described:whole, methods: [GET, DELETE]}
      /ticks: {events: described:ticks}
      /live: {websocket: {builtin: echo}}
      /old: {redirect: /new}
      /fine: {respond: fine}
      /docs/: {docs: Shop}
"""


@pytest.fixture
def document(written, tmp_path: Path, forgotten_imports: None):
    (tmp_path / "described.py").write_text(FUNCTIONS)
    file = written(SERVICES)
    found = openapi(load(file, importer(tmp_path)), "web", "Shop", "2.0")
    validate(found)
    return found


def parameters(operation):
    return {each["name"]: (each["in"], each["required"]) for each in operation.get("parameters", ())}


def test_what_it_is(document):
    assert document["info"] == {"title": "Shop", "version": "2.0"}
    assert document["servers"] == [{"url": "http://localhost:8080"}, {"url": "https://[::1]:8443"}]


def test_a_message_is_the_content_of_a_post_and_the_query_of_a_get(document):
    item = document["paths"]["/price"]
    assert set(item) == {"get", "post"}
    assert parameters(item["get"]) == {"item": ("query", True), "count": ("query", False)}
    order = {"schema": {"$ref": "#/components/schemas/Order"}}
    assert item["post"]["requestBody"] == {"content": {"application/json": order}, "required": True}
    quote = {"schema": {"$ref": "#/components/schemas/Quote"}}
    assert item["post"]["responses"]["200"]["content"] == {"application/json": quote}
    assert {"400", "422"} < set(item["post"]["responses"])


def test_words(document):
    operation = document["paths"]["/price"]["get"]
    assert (operation["summary"], operation["description"]) == ("Say what it costs.", "At length.")


def test_parameters_of_path_and_query(document):
    operation = document["paths"]["/items/{id}"]["get"]
    assert parameters(operation) == {"id": ("path", True), "q": ("query", False), "tags": ("query", False)}
    assert operation["parameters"][0]["schema"] == {"type": "integer"}
    assert operation["responses"]["200"]["content"] == {
        "text/plain; charset=utf-8": {"schema": {"type": "string"}}
    }
    assert "429" in operation["responses"]


def test_a_body_beside_parameters(document):
    item = document["paths"]["/change/{id}"]
    assert set(item) == {"put"}
    assert parameters(item["put"]) == {"id": ("path", True), "dry": ("query", False)}
    assert set(item["put"]["requestBody"]["content"]) == {"application/json"}
    assert "204" in item["put"]["responses"]


def test_a_form(document):
    content = document["paths"]["/photo"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert content["schema"] == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "picture": {"type": "string", "format": "binary"}},
        "required": ["title", "picture"],
    }


def test_streams(document):
    responses = document["paths"]["/count"]["post"]["responses"]
    assert set(responses["200"]["content"]) == {"application/x-ndjson"}
    assert "text/event-stream" in document["paths"]["/ticks"]["get"]["responses"]["200"]["content"]


def test_what_looks_at_requests_itself(document):
    paths = document["paths"]
    assert set(paths["/whole"]) == {"get", "delete"}
    assert paths["/whole"]["get"]["description"] == "Anything."
    assert "101" in paths["/live"]["get"]["responses"]
    assert paths["/old"]["get"]["responses"]["308"] == {"description": "To /new"}
    assert set(paths["/fine"]["get"]["responses"]) == {"200", "default"}
    assert parameters(paths["/docs/{rest}"]["get"]) == {"rest": ("path", True)}


def test_every_operation_has_a_name_of_its_own(document):
    names = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(set(names)) == len(names)
