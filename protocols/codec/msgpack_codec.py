"""MessagePack, with every length bounded before anything is allocated for it."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final, NoReturn

import msgpack  # type: ignore[import-untyped]  # the project publishes no types
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from protocols.codec.contract import DecodeError
from protocols.codec.octets import as_is
from protocols.codec.validation import python_validator

MAX_ITEMS: Final = 100_000
"""Items of one array or map.  A header of five bytes makes the unpacker reserve room for all the
items it announces, and headers can be nested; the size of the message alone is too weak a bound."""

MAX_TIMESTAMP: Final = 12
"""Bytes of the longest timestamp, the only extension type that is read."""


class MsgpackCodec:
    """Messages are single MessagePack objects, validated against an annotation.

    Timestamps are UTC datetimes; other extension types are refused.  Any scalar may be a key.
    """

    __slots__ = ("_validate",)

    name = "msgpack"
    content_type = "application/msgpack"

    def __init__(self, annotation: object) -> None:
        self._validate = python_validator(annotation)

    def decode(self, message: bytes) -> object:
        try:
            value = _unpack(message)
        except (ValueError, TypeError, OverflowError, msgpack.UnpackException):
            # Not chained: the error of an object with trailing bytes carries the object.
            raise DecodeError.malformed(
                "The message is not one MessagePack object of the types that are read",
                "msgpack_invalid",
            ) from None
        return self._validate(value)

    def encode(self, value: object) -> bytes:
        octets = as_is(value)
        return _pack(value) if octets is None else octets

    def encode_error(self, error: DecodeError) -> bytes | None:
        return _pack(error.problem())


def _unpack(message: bytes) -> object:
    size = len(message)
    value: object = msgpack.unpackb(
        message,
        raw=False,
        timestamp=3,
        # Integers make keys in compact formats.  They are at most 64 bits wide here, so few of them
        # can share a hash; arrays and maps cannot be hashed and fail.
        strict_map_key=False,
        ext_hook=_refuse_extension,
        max_str_len=size,
        max_bin_len=size,
        max_array_len=min(size, MAX_ITEMS),
        max_map_len=min(size // 2, MAX_ITEMS),
        max_ext_len=MAX_TIMESTAMP,
    )
    return value


def _refuse_extension(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"extension type {code} is not read")


def _pack(value: object) -> bytes:
    try:
        packed: bytes = msgpack.packb(value, default=_packable, datetime=True)
    except OverflowError as error:
        raise ValueError(f"MessagePack has no form for this value: {error}") from error
    return packed


def _packable(value: object) -> object:
    """One step from a Python value to what MessagePack has: objects are maps, sets are arrays, and
    what JSON would write as text (dates without a zone, Decimal, UUID …) is text here too."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | deque):
        return list(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return to_jsonable_python(value)
