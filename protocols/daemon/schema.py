"""The JSON Schema of the YAML, for editors and other programs that check or complete it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema, NullableSchema, WithDefaultSchema

from protocols.daemon.spec.config import Config
from protocols.daemon.spec.values import Duration, Size

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class AsWritten(GenerateJsonSchema):
    """As the YAML has it, where pydantic would describe the Python objects."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            # None stands for a key that is not given, and a mapping shows its defaults key by key.
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if isinstance(dft, Duration | Size) else super().encode_default(dft)

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        # A key that stands there without a value is a mistake, whatever its absence means.
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        described = super().dict_schema(schema)
        if "patternProperties" in described:
            described["additionalProperties"] = False
        return described


def json_schema() -> dict[str, Any]:
    """The schema, in the dialect 2020-12, as data for :func:`json.dumps`."""
    schema = Config.model_json_schema(schema_generator=AsWritten)
    return {"$schema": DIALECT, **schema, "title": "Polyport configuration"}
