"""The types of functions as JSON Schemas that share their definitions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import PydanticSchemaGenerationError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

TEMPLATE = "#/components/schemas/{model}"
"""Where definitions stand, in both OpenAPI and AsyncAPI."""

Direction = Literal["validation", "serialization"]
"""What is accepted, or what is sent."""


class Schemas:
    """Collects types, and gives the schema of each once all are there.

    A class that two functions use stands once under ``components``, under its name; two classes of one name,
    and one whose input differs from its output, get longer names.
    """

    def __init__(self) -> None:
        self._types: dict[tuple[int, Direction], tuple[Any, Direction, Any]] = {}

    def add(self, annotation: object, direction: Direction) -> tuple[int, Direction]:
        """Note `annotation`; what is returned is for :meth:`schema`."""
        key = (id(annotation), direction)
        if key not in self._types:
            self._types[key] = (annotation, direction, _core_schema(annotation))
        return key

    def build(self) -> tuple[dict[tuple[int, Direction], dict[str, Any]], dict[str, Any]]:
        """The schema of everything that was noted, and the definitions they refer to."""
        known = [(key, item) for key, item in self._types.items() if item[2] is not None]
        generator = GenerateJsonSchema(ref_template=TEMPLATE)
        try:
            schemas, definitions = generator.generate_definitions(
                [(key, item[1], item[2]) for key, item in known]
            )
        except (PydanticInvalidForJsonSchema, PydanticUserError):
            return {key: {} for key in self._types}, {}
        found = {key: dict(schemas[key, item[1]]) for key, item in known}
        return {key: found.get(key, {}) for key in self._types}, {
            str(name): schema for name, schema in definitions.items()
        }


def _core_schema(annotation: Any) -> Any:
    """What pydantic makes of `annotation`; ``None`` where it has no words for it."""
    try:
        return TypeAdapter(annotation).core_schema
    except (PydanticSchemaGenerationError, PydanticUserError, NameError):
        return None
