"""JSON (RFC 8259), read and validated by pydantic in one pass."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import to_json

from protocols.codec.contract import DecodeError
from protocols.codec.octets import as_is
from protocols.codec.validation import adapter_for, decode_error


def encode_json(value: object) -> bytes:
    """`value` as JSON in UTF-8; NaN and the infinities, which JSON lacks, become ``null``.

    Raises :class:`ValueError` for what has no JSON form: a cycle, bytes that are not UTF-8, an
    object of a class that pydantic does not know.
    """
    return to_json(value, inf_nan_mode="null")


class JsonCodec:
    """Messages are JSON texts, validated against an annotation."""

    __slots__ = ("_validate",)

    name = "json"
    content_type = "application/json"

    def __init__(self, annotation: object) -> None:
        self._validate = adapter_for(annotation).validator.validate_json

    def decode(self, message: bytes) -> object:
        try:
            return self._validate(message)
        except ValidationError as error:
            # Not chained: a ValidationError prints the peer's values wherever it is logged.
            raise decode_error(error) from None

    def encode(self, value: object) -> bytes:
        octets = as_is(value)
        return encode_json(value) if octets is None else octets

    def encode_error(self, error: DecodeError) -> bytes | None:
        return encode_json(error.problem())
