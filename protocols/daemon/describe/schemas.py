"""The types of functions as JSON Schemas that share their definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import PydanticSchemaGenerationError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

TEMPLATE = "#/components/schemas/{model}"
"""Where definitions stand, in both OpenAPI and AsyncAPI."""

PATH_TEXT: Final = {"type": "string", "pattern": r"^[^\x00-\x1f\x7f/]+$"}
"""What a segment of a path may be; of no request is it ``.`` or ``..``."""

Direction = Literal["validation", "serialization"]
"""What is accepted, or what is sent."""


Key = tuple[int, Direction]
"""What a type is called until its schema is there."""


@dataclass(frozen=True, slots=True)
class Built:
    """The schemas of everything that was noted."""

    schemas: Mapping[Key, dict[str, Any]]
    definitions: dict[str, Any]
    """What they refer to, for ``components``."""

    def of(self, key: Key) -> dict[str, Any]:
        """The schema of what was noted as `key`; empty where pydantic has no words for it."""
        return dict(self.schemas[key])

    def fields(self, key: Key) -> Iterator[tuple[str, dict[str, Any], bool]]:
        """The fields of a model: name, schema, and whether it is needed."""
        schema = self.schemas[key]
        reference = schema.get("$ref", "")
        model = self.definitions.get(reference.rpartition("/")[2], schema)
        for name, field in model.get("properties", {}).items():
            yield name, field, name in model.get("required", ())


class Schemas:
    """Collects types, and gives the schema of each once all are there.

    A class that two functions use stands once under ``components``, under its name; two classes of one name,
    and one whose input differs from its output, get longer names.
    """

    def __init__(self) -> None:
        self._types: dict[Key, tuple[Any, Direction, Any]] = {}

    def add(self, annotation: object, direction: Direction) -> Key:
        """Note `annotation`."""
        key = (id(annotation), direction)
        if key not in self._types:
            self._types[key] = (annotation, direction, _core_schema(annotation))
        return key

    def build(self) -> Built:
        """The schema of everything that was noted."""
        known = [(key, item) for key, item in self._types.items() if item[2] is not None]
        generator = GenerateJsonSchema(ref_template=TEMPLATE)
        try:
            schemas, definitions = generator.generate_definitions(
                [(key, item[1], item[2]) for key, item in known]
            )
        except (PydanticInvalidForJsonSchema, PydanticUserError):
            return Built({key: {} for key in self._types}, {})
        found = {key: dict(schemas[key, item[1]]) for key, item in known}
        named = {str(name): schema for name, schema in definitions.items()}
        return Built({key: found.get(key, {}) for key in self._types}, named)


def _core_schema(annotation: Any) -> Any:
    """What pydantic makes of `annotation`; ``None`` where it has no words for it."""
    try:
        return TypeAdapter(annotation).core_schema
    except (PydanticSchemaGenerationError, PydanticUserError, NameError):
        return None
