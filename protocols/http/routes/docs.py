"""A route that shows what a service offers: its OpenAPI and AsyncAPI documents, and a page of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import JSON, Response
from protocols.http.routes.welcome import HEADERS, HTML

OPENAPI: Final = "openapi.json"
ASYNCAPI: Final = "asyncapi.json"

Document = Mapping[str, Any]


class DocsRoute:
    """Serves a page for people at its own path, and below it the documents that the page is made of.

    They are made when they are asked for first.

    :param openapi: makes the OpenAPI document.
    :param asyncapi: makes the AsyncAPI document.
    """

    methods = ("GET", "HEAD")
    subtree = True
    streams = False

    def __init__(self, openapi: Callable[[], Document], asyncapi: Callable[[], Document]) -> None:
        self._makers = {OPENAPI: openapi, ASYNCAPI: asyncapi}
        self._made: dict[str, Response] = {}

    def respond(self, request: Request, rest: str) -> Response:
        if rest not in self._made:
            self._made[rest] = self._make(rest)
        return self._made[rest]

    def stop(self) -> None:
        """Nothing runs."""

    def _make(self, rest: str) -> Response:
        if not rest:
            page = docs_page(self._makers[OPENAPI](), self._makers[ASYNCAPI]())
            return Response(page, content_type=HTML, headers=HEADERS)
        if rest not in self._makers:
            raise HTTPError(404)
        text = json.dumps(self._makers[rest](), indent=2, ensure_ascii=False)
        return Response(text.encode(), content_type=JSON, headers=HEADERS[1:])


def docs_page(openapi: Document, asyncapi: Document) -> str:
    """The page, as HTML."""
    template = Template(files(__package__).joinpath("docs.html").read_text("utf-8"))
    return template.substitute(
        title=escape(openapi["info"]["title"]),
        servers="".join(f"<li><code>{escape(server['url'])}</code></li>" for server in openapi["servers"]),
        operations="\n".join(_operations(openapi)) or "<p>There are none.</p>",
        channels="\n".join(_channels(asyncapi)) or "<p>There are none.</p>",
        types="\n".join(_types({**_schemas(asyncapi), **_schemas(openapi)})) or "<p>There are none.</p>",
    )


def _schemas(document: Document) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return found


def _operations(openapi: Document) -> Iterator[str]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            rows = [
                _row(each["name"], each["in"], each["schema"]) for each in operation.get("parameters", ())
            ]
            content = operation.get("requestBody", {}).get("content", {})
            rows += [_row("content", media, each.get("schema", {})) for media, each in content.items()]
            for status, response in operation["responses"].items():
                kinds = response.get("content") or {"": {}}
                rows += [
                    _row(f"→ {status}", media, each.get("schema", {}), response.get("description", ""))
                    for media, each in kinds.items()
                ]
            head = f"<b>{escape(method.upper())}</b> <code>{escape(path)}</code>"
            yield _entry(head, operation["summary"], operation.get("description", ""), rows)


def _channels(asyncapi: Document) -> Iterator[str]:
    for name, channel in asyncapi["channels"].items():
        hosts = [asyncapi["servers"][each["$ref"].rpartition("/")[2]] for each in channel["servers"]]
        rows = [_row("at", server["protocol"], {}, server["description"]) for server in hosts]
        for kind, message in channel.get("messages", {}).items():
            rows.append(_row(kind, message["contentType"], message["payload"]))
        head = f"<code>{escape(channel.get('address') or name)}</code>"
        yield _entry(head, "", channel.get("description", ""), rows)


def _types(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        needed = schema.get("required", ())
        rows = [
            _row(field, "needed" if field in needed else "", each, each.get("description", ""))
            for field, each in schema.get("properties", {}).items()
        ]
        head = f'<code id="{escape(name)}">{escape(name)}</code>'
        yield _entry(head, "", schema.get("description", ""), rows)


def _entry(head: str, summary: str, description: str, rows: list[str]) -> str:
    words = f"<p>{escape(description)}</p>" if description else ""
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<details><summary>{head} <span>{escape(summary)}</span></summary>{words}{table}</details>"


def _row(name: str, place: str, schema: Mapping[str, Any], words: str = "") -> str:
    cells = f"<th scope=row>{escape(name)}<td>{escape(place)}<td>{_type(schema)}<td>{escape(words)}"
    return f"<tr>{cells}"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with a link to the type that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {})) or 'anything'}"
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    words = schema.get("format") or schema.get("type", "")
    return escape(str(words))
