"""A function on a route, as an operation of OpenAPI."""

from __future__ import annotations

import inspect
from typing import Any, Final

from protocols.daemon.describe.payload import Payload
from protocols.daemon.describe.problem import DETAIL
from protocols.daemon.describe.schemas import PATH_TEXT, Built, Schemas
from protocols.http.response import Response
from protocols.http.routes.results import NDJSON
from protocols.http.routes.route_signature import WRITING, Parameter, route_signature
from protocols.http.routing import parameter_names

STRING: Final = {"type": "string"}
BINARY: Final = {"type": "string", "format": "binary"}


class FunctionOperation:
    """What clients may send to a function at `path`, and what it answers."""

    def __init__(self, function: Any, path: str, codec: str | None, schemas: Schemas) -> None:
        self._signature = route_signature(function, parameter_names(path))
        self._words = inspect.getdoc(function) or ""
        self._codec = codec
        self._types = {p.name: schemas.add(p.annotation, "validation") for p in self._signature.parameters}
        message = self._signature.body
        self._content = (
            Payload(message.annotation, codec, "validation", schemas) if message is not None else None
        )
        result = self._signature.result
        self._result = (
            None
            if result in (None, type(None), Response)
            else Payload(result, codec, "serialization", schemas)
        )
        self._is_open = result is Response or result is object

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the function can answer; HEAD goes without saying."""
        return tuple(method for method in self._signature.methods if method != "HEAD")

    def operation(self, method: str, built: Built) -> dict[str, Any]:
        """The operation for `method`, with the schemas that were `built`."""
        summary, _, description = self._words.partition("\n\n")
        operation: dict[str, Any] = {"summary": summary.replace("\n", " ") or self._signature.name}
        if description:
            operation["description"] = description
        parameters = [*self._parameters(method, built)]
        if parameters:
            operation["parameters"] = parameters
        content = self._request(method, built)
        if content:
            operation["requestBody"] = {"content": content, "required": True}
        operation["responses"] = self._responses(built)
        return operation

    def _parameters(self, method: str, built: Built) -> list[dict[str, Any]]:
        found = [
            self._named(name, "path", True, PATH_TEXT)
            for name in self._signature.path
            if not any(name == p.written for p in self._signature.parameters)
        ]
        for parameter in self._signature.parameters:
            schema = built.of(self._types[parameter.name])
            if "path" in parameter.places:
                text = PATH_TEXT if schema == STRING else schema
                found.append(self._named(parameter.written, "path", True, text))
            elif "header" in parameter.places:
                found.append(self._named(parameter.written, "header", parameter.required, schema))
            elif "query" in parameter.places and self._is_in_query(parameter, method):
                found += self._in_query(parameter, built)
        return found

    def _is_in_query(self, parameter: Parameter, method: str) -> bool:
        """Whether `parameter` is in the query, and not in the content, of a request of `method`."""
        if method not in WRITING:
            return True
        return "body" not in parameter.places and not ("form" in parameter.places and self._has_form)

    def _in_query(self, parameter: Parameter, built: Built) -> list[dict[str, Any]]:
        key = self._types[parameter.name]
        if parameter.shape.kind != "fields":
            return [self._named(parameter.written, "query", parameter.required, built.of(key))]
        return [
            self._named(name, "query", required, schema)
            for name, schema, required in built.fields(key)
            if name not in self._signature.filled
        ]

    @property
    def _has_form(self) -> bool:
        return self._signature.takes_uploads

    def _request(self, method: str, built: Built) -> dict[str, Any]:
        if method not in WRITING:
            return {}
        if self._content is not None:
            return {self._content.content_type: {"schema": self._content.schema(built)}}
        if not self._has_form:
            return {}
        fields = [p for p in self._signature.parameters if {"form", "upload"} & set(p.places)]
        schema = {
            "type": "object",
            "properties": {p.written: self._field(p, built) for p in fields},
            "required": [p.written for p in fields if p.required],
        }
        return {"multipart/form-data": {"schema": schema}}

    def _field(self, parameter: Parameter, built: Built) -> dict[str, Any]:
        if "upload" not in parameter.places:
            return built.of(self._types[parameter.name])
        return {"type": "array", "items": BINARY} if parameter.shape.many else dict(BINARY)

    def _responses(self, built: Built) -> dict[str, Any]:
        responses: dict[str, Any] = {}
        if self._result is not None and not self._is_open:
            streamed = "generator" in self._signature.kind
            media = NDJSON if streamed else self._result.content_type
            schema = self._result.schema(built)
            responses["200"] = {"description": "The result", "content": {media: {"schema": schema}}}
        elif self._is_open:
            responses["default"] = {"description": "The result"}
        else:
            responses["204"] = {"description": "Done"}
        if self._signature.parameters:
            responses |= {"400": DETAIL, "422": DETAIL}
        return responses

    @staticmethod
    def _named(name: str, place: str, required: bool, schema: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "in": place, "required": required, "schema": schema}
