"""The codecs there are, and which one serves an annotation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.codec.bytes_codec import BytesCodec
from protocols.codec.contract import Codec
from protocols.codec.json_codec import JsonCodec, encode_json
from protocols.codec.msgpack_codec import MsgpackCodec
from protocols.codec.pickle_codec import PickleCodec
from protocols.codec.text_codec import TextCodec

CODECS: Final[Mapping[str, Callable[[object], Codec]]] = {
    "json": JsonCodec,
    "msgpack": MsgpackCodec,
    "text": TextCodec,
    "bytes": BytesCodec,
    "pickle": PickleCodec,
}
"""Codec classes by name; each takes the annotation."""


def codec_for(annotation: object, name: str | None = None) -> Codec:
    """The codec for messages that a function takes as `annotation`.

    Without a `name`, ``bytes`` (or no annotation) takes the message as is, ``str`` takes UTF-8
    text, and every other type takes JSON; the first two send results of other types as JSON.

    Raises :class:`TypeError` for an annotation that the codec cannot serve, :class:`ValueError` for
    an unknown `name`.
    """
    if name is not None:
        if name not in CODECS:
            raise ValueError(f"unknown codec {name!r}; known codecs: {', '.join(CODECS)}")
        return CODECS[name](Any if annotation is inspect.Parameter.empty else annotation)
    if annotation is bytes or annotation is inspect.Parameter.empty:
        return BytesCodec(bytes, encode_json)
    if annotation is str:
        return TextCodec(str, encode_json)
    return JsonCodec(annotation)
