"""No format at all: the function gets the message's bytes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, get_args, get_origin

from protocols.codec.contract import DecodeError
from protocols.codec.octets import as_is


def refuse(value: object) -> NoReturn:
    """Raise the TypeError for a result that a codec without a format cannot say."""
    raise TypeError(f"this codec sends bytes and str only, but the function returned {type(value).__name__}")


class BytesCodec:
    """Messages are bytes, untouched.

    `encode_other` makes a message of a result that is neither bytes nor text.
    """

    __slots__ = ("_encode_other",)

    name = "bytes"
    content_type = "application/octet-stream"

    def __init__(self, annotation: object = bytes, encode_other: Callable[[object], bytes] = refuse) -> None:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        if annotation not in (bytes, object, Any, inspect.Parameter.empty):
            raise TypeError(f"codec bytes gives the function bytes, but it takes {annotation!r}")
        self._encode_other = encode_other

    def decode(self, message: bytes) -> object:
        return message

    def encode(self, value: object) -> bytes:
        octets = as_is(value)
        return self._encode_other(value) if octets is None else octets

    def encode_error(self, error: DecodeError) -> bytes | None:
        return None
