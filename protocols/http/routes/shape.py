"""How much of a type plain text can say: what decides whether a URL can carry it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic.errors import PydanticUserError
from pydantic_core import PydanticOmit

from protocols.codec.validation import adapter_for

_TEXTS: Final = frozenset({"string", "integer", "number", "boolean", "null"})
"""The types of JSON Schema whose values are written as one text."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a type text can say."""

    kind: Literal["octets", "value", "values", "fields", "document"]
    """``octets``: bytes as they are; ``value``: one text says it; ``values``: several do, one per item;
    ``fields``: a model, dataclass or TypedDict, whose fields have names; ``document``: anything else."""
    fields: Mapping[str, bool] = field(default_factory=dict)
    """The names of the fields as a client writes them, and whether each may come several times."""
    readable: bool = True
    """Whether texts can say all of it that is needed."""

    @property
    def many(self) -> bool:
        """Whether it is several values of one name."""
        return self.kind == "values"


OCTETS: Final = Shape("octets", readable=False)
DOCUMENT: Final = Shape("document", readable=False)


def shape_of(annotation: object) -> Shape:
    """The shape of what is annotated so, as its JSON Schema tells.

    Raises :class:`TypeError` for what pydantic cannot validate.
    """
    if annotation is bytes:
        return OCTETS
    with warnings.catch_warnings():
        # A default that has no JSON form, and an alias that means nothing by itself, do not matter here.
        warnings.simplefilter("ignore")
        adapter = adapter_for(annotation)
        try:
            schema = adapter.json_schema()
        except (PydanticUserError, PydanticOmit):
            return DOCUMENT  # it can be validated, but has no schema
    return _shape(schema, schema.get("$defs", {}), _WHOLE)


_WHOLE, _FIELD, _ITEM = range(3)
"""How deep inside a type something is.  Fields have none themselves, and items are single values, so nothing
is looked at for ever that holds itself."""


def _shape(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Shape:
    schema = _resolved(schema, definitions)
    choices = [_shape(choice, definitions, depth) for choice in _choices(schema, definitions)]
    if choices:
        return _united(choices)
    kinds = schema.get("type")
    if "enum" in schema or "const" in schema or kinds in _TEXTS:
        return Shape("value")
    if kinds == "array" and depth < _ITEM:
        items = [*schema.get("prefixItems", ()), *filter(None, [schema.get("items")])]
        flat = bool(items) and all(_shape(item, definitions, _ITEM).kind == "value" for item in items)
        return Shape("values") if flat else DOCUMENT
    if "properties" in schema and depth == _WHOLE:
        shapes = {name: _shape(inner, definitions, _FIELD) for name, inner in schema["properties"].items()}
        needed = [shapes[name] for name in schema.get("required", ())]
        readable = all(shape.kind in ("value", "values") for shape in needed)
        return Shape("fields", {name: shape.many for name, shape in shapes.items()}, readable)
    return DOCUMENT


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _choices(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the value may be one of; ``null`` does not count, for text says that by its absence."""
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    return [choice for choice in choices if _resolved(choice, definitions).get("type") != "null"]


def _united(choices: list[Shape]) -> Shape:
    kinds = {choice.kind for choice in choices}
    if kinds <= {"value", "values"}:
        return Shape("values" if "values" in kinds else "value")
    if kinds == {"fields"}:
        fields: dict[str, bool] = {}
        for choice in choices:
            for name, many in choice.fields.items():
                fields[name] = fields.get(name, False) or many
        return Shape("fields", fields, any(choice.readable for choice in choices))
    return DOCUMENT
