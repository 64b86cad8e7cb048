"""What all specification classes share: strict keys, short forms, and every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from protocols.daemon.problems import known_help, nearest
from protocols.daemon.spec.misplaced import homes
from protocols.daemon.spec.sentences import sentence


class Spec(BaseModel):
    """One mapping of the YAML.

    Subclasses may say that exactly one of some keys is needed (``choices``), that a text alone stands
    for one key (``short``), and what else is wrong with a mapping (:meth:`faults`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    choices: ClassVar[tuple[str, ...]] = ()
    """Keys of which exactly one must be given."""
    short: ClassVar[str | None] = None
    """The key that a text in place of the mapping stands for."""

    @property
    def kind(self) -> str:
        """Which of the ``choices`` was given."""
        return next(name for name in self.choices if getattr(self, name) is not None)

    @property
    def settings(self) -> Any:
        """What was given with it."""
        return getattr(self, self.kind)

    @classmethod
    def expand(cls, data: Any) -> Any:
        """The long form of `data`: the mapping that its short form stands for."""
        return {cls.short: data} if cls.short and isinstance(data, str) else data

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        """What is wrong beyond single keys: the path of the key, and a sentence."""
        yield from ()

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that the mapping may have."""
        return list(cls.model_fields)

    @model_validator(mode="wrap")
    @classmethod
    def _together(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Collect the faults of single keys and those of the mapping as a whole."""
        if isinstance(data, cls):
            return data
        data = cls.expand(data)
        if not isinstance(data, dict):
            raise PydanticCustomError("mapping_type", "{problem}", {"problem": cls._no_mapping(data)})
        empty = [key for key, value in data.items() if value is None and key in cls.model_fields]
        faults = [_fault((key,), "empty", "has no value", data) for key in empty]
        faults += [_fault(path, "fault", text, data) for path, text in cls._whole(data)]
        try:
            value = handler({key: item for key, item in data.items() if key not in empty})
        except ValidationError as error:
            faults += cls._translated(error, data)
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return value

    @classmethod
    def _no_mapping(cls, data: Any) -> str:
        text = f"a mapping is expected here, with keys such as {', '.join(cls.keys()[:4])}"
        return text if data is not None else f"has no value; {text}"

    @classmethod
    def _whole(cls, data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if cls.choices:
            given = [key for key in data if key in cls.choices]
            names = ", ".join(cls.choices)
            if len(given) > 1:
                yield (given[1],), f"exactly one of {names} is needed; found {' and '.join(given)}"
            elif not given and not cls.misspelt(data) & set(cls.choices):
                yield (), f"exactly one of {names} is needed; found none"
        yield from cls.faults(data)

    @classmethod
    def misspelt(cls, data: dict[str, Any]) -> set[str]:
        """The keys that unknown keys were probably meant to be."""
        unknown = [key for key in data if key not in cls.model_fields]
        missing = [key for key in cls.model_fields if key not in data]
        return {guess for key in unknown if (guess := nearest(key, missing))}

    @classmethod
    def unknown(cls, key: str, data: Mapping[str, Any]) -> str:
        """What to say of a `key` that the mapping `data` has and must not have."""
        found = homes(key, cls.model_fields, data)
        if found:
            known = f"; known keys: {', '.join(cls.keys())}; {key} is a key of {', '.join(found)}"
        else:
            known = known_help(key, cls.keys(), "known keys")
        return f"this key is not known{known}"

    @classmethod
    def _translated(cls, error: ValidationError, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        misspelt = cls.misspelt(data)
        for line in error.errors(include_url=False):
            place, kind = line["loc"], line["type"]
            if kind == "extra_forbidden" and len(place) == 1:
                yield _fault(place, "unknown_key", cls.unknown(str(place[0]), data), line["input"])
            elif kind == "missing" and len(place) == 1 and place[0] in misspelt | data.keys():
                continue
            else:
                yield _fault(place, kind, sentence(line), line["input"])

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        if cls.choices:
            schema["oneOf"] = [{"required": [name]} for name in cls.choices]
        short = cls.short_schema(schema["properties"])
        if short:
            long = dict(schema)
            schema.clear()
            schema |= {"description": long.pop("description"), "anyOf": [short, long]}
        return reference

    @classmethod
    def short_schema(cls, properties: dict[str, Any]) -> JsonSchemaValue | None:
        """The JSON Schema of the short form, if there is one; `properties` may be changed for it."""
        return dict(properties[cls.short]) if cls.short else None


def _fault(path: tuple[int | str, ...], kind: str, text: str, data: Any) -> InitErrorDetails:
    custom = PydanticCustomError(kind, "{problem}", {"problem": text})
    return InitErrorDetails(type=custom, loc=path, input=data)
