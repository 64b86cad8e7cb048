"""Keys that stand a level too high: where they belong."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def homes(key: str, fields: Mapping[str, FieldInfo], given: Container[str]) -> list[str]:
    """Those of `fields` whose mapping has a `key`; only those that are `given`, if there are any.

    A mapping of names, such as ``services``, is not looked into: its keys are the user's own.
    """
    found = [name for name, field in fields.items() if any(key in keys for keys in _keys(field.annotation))]
    return [name for name in found if name in given] or found


def _keys(annotation: Any) -> Iterator[Container[str]]:
    """The keys of each mapping that a value with this annotation may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation.model_fields
    elif getattr(annotation, "__origin__", None) is not dict:
        for part in get_args(annotation):
            yield from _keys(part)
