"""Encoded results that remember what kind of value they were made of."""

from __future__ import annotations

from typing import Any

from protocols.codec import Codec, DecodeError
from protocols.http.response import JSON, OCTETS, TEXT, Response


class Labelled(bytes):
    """An encoded result and its media type."""

    content_type: str

    def __new__(cls, content: bytes, content_type: str) -> Labelled:
        self = super().__new__(cls, content)
        self.content_type = content_type
        return self


class LabellingCodec:
    """`codec`, whose results are :class:`Labelled`: one that is bytes or text already is not JSON,
    although the codec that passes it on may be."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.name = codec.name
        self.content_type = codec.content_type

    def decode(self, message: bytes) -> object:
        return self._codec.decode(message)

    def encode(self, value: object) -> Any:
        if isinstance(value, Response):
            return value  # which is encoded, and says its type
        return Labelled(self._codec.encode(value), media_type_of(type(value), self._codec))

    def encode_error(self, error: DecodeError) -> bytes | None:
        return self._codec.encode_error(error)


def media_type_of(kind: object, codec: Codec) -> str:
    """The media type of what `codec` makes of a value of the type `kind`."""
    if kind is str:
        return TEXT
    if kind in (bytes, bytearray, memoryview):
        return TEXT if codec.name == "text" else OCTETS
    # Results with a structure are JSON where the codec has none to offer.
    return JSON if codec.name in ("text", "bytes") else codec.content_type
