from __future__ import annotations

import json

import pytest

from protocols.http.routes.docs import DocsRoute

OPENAPI = {
    "info": {"title": "<Shop>", "version": "1"},
    "servers": [{"url": "http://localhost:1"}],
    "paths": {
        "/price": {
            "post": {
                "summary": "Say <it>.",
                "description": "At length.",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "array", "items": {}}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/schemas/Order"}}}},
                "responses": {"204": {"description": "Done"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "description": "What a customer asks for.",
                "properties": {"size": {"anyOf": [{"enum": ["S", "M"]}, {"type": "null"}]}},
                "required": ["size"],
            }
        }
    },
}
ASYNCAPI = {
    "servers": {"shout": {"protocol": "tcp", "description": "tcp://:7000"}},
    "channels": {
        "shout": {
            "servers": [{"$ref": "#/servers/shout"}],
            "description": "In capitals.",
            "messages": {"message": {"contentType": "text/plain", "payload": {"type": "string"}}},
        }
    },
}


@pytest.fixture
def made():
    """Which documents have been made."""
    return []


@pytest.fixture
def client(connect, made):
    def make(document):
        made.append(document)
        return document

    return connect({"/docs/": DocsRoute(lambda: make(OPENAPI), lambda: make(ASYNCAPI))})


@pytest.mark.parametrize(("name", "document"), [("openapi.json", OPENAPI), ("asyncapi.json", ASYNCAPI)])
def test_the_documents(client, made, name, document) -> None:
    for _ in range(2):
        answer = client.ask("GET", f"/docs/{name}")
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.body) == document
    assert len(made) == 1


def test_the_page(client) -> None:
    answer = client.ask("GET", "/docs/")
    page = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for said in (
        "&lt;Shop&gt;",
        "Say &lt;it&gt;.",
        "At length.",
        "<b>POST</b> <code>/price</code>",
        '<a href="#Order">Order</a>',
        "list of anything",
        "S, M or null",
        "needed",
        "tcp://:7000",
        "In capitals.",
    ):
        assert said in page
    assert "<Shop>" not in page


def test_nothing_else_is_there(client) -> None:
    assert client.ask("GET", "/docs/other").status == 404
