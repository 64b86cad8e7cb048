"""Fields that accept a few known words or numbers, and those that accept text or a mapping."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from protocols.daemon.problems import known_help
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.sentences import described


class Known:
    """Annotation of a ``Literal``: any other value is refused with the known ones and the nearest."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        values = get_args(source)

        def check(value: Any) -> Any:
            # The types are compared too: True equals 1.
            if any(value == known and type(value) is type(known) for known in values):
                return value
            text = f"{described(value)} is not known" + known_help(str(value), map(str, values))
            raise PydanticCustomError("unknown_value", "{problem}", {"problem": text})

        return core_schema.no_info_before_validator_function(check, handler(source))


class OneOf(Spec):
    """A name, or a mapping of that one name to its settings.

    Each field is one name, ``None`` unless it was given.  ``framing: lines`` is
    ``framing: {lines: {}}``.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.choices = tuple(cls.model_fields)

    @classmethod
    def expand(cls, data: Any) -> Any:
        if isinstance(data, str):
            if data not in cls.choices:
                text = f"{described(data)} is not known" + known_help(data, cls.choices)
                raise PydanticCustomError("unknown_value", "{problem}", {"problem": text})
            return {data: {}}
        if isinstance(data, dict):
            return {key: {} if value is None else value for key, value in data.items()}
        return data

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        plain = []
        for name in cls.choices:
            if not any(field.is_required() for field in _model(cls, name).model_fields.values()):
                plain.append(name)
                properties[name] = {"anyOf": [properties[name], {"type": "null"}]}
        return {"enum": plain}


class Listed:
    """Annotation of a tuple: one value alone stands for a list of it."""

    def __init__(self, least: int = 0, *, mappings: bool = False) -> None:
        """`least` is how many items are needed; `mappings` says that one mapping alone is a list too."""
        self._least = least
        self._lists = list | None if mappings else list | dict | None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def listed(value: Any) -> Any:
            # pydantic would count the valid items only, and complain of those it has refused again.
            if isinstance(value, list) and len(value) < self._least:
                raise PydanticCustomError("too_short", "{problem}", {"problem": "must not be empty"})
            return value if isinstance(value, self._lists) else [value]

        return core_schema.no_info_before_validator_function(listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        array = handler(schema)
        if self._least:
            array["minItems"] = self._least
        return {"anyOf": [array["items"], array]}


def _model(cls: type[Spec], name: str) -> type[Spec]:
    """The class of the settings that the field `name` holds."""
    kinds: tuple[type, ...] = get_args(cls.model_fields[name].annotation)
    return next(kind for kind in kinds if issubclass(kind, Spec))
