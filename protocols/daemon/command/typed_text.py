"""What people type and read, and the messages that stand for it in each codec."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn


@dataclass(frozen=True, slots=True)
class TypedText:
    """One codec's two directions."""

    to_message: Callable[[bytes], bytes]
    """The message for what was typed.  Raises :class:`ValueError`, whose text says what is wrong."""
    to_text: Callable[[bytes], bytes]
    """What to show for a message.  Raises :class:`ValueError`."""


def typed_text(codec: str) -> TypedText:
    """The two directions of `codec`, one of :data:`CODEC_NAMES`."""
    return _CODECS[codec]()


def _as_is(data: bytes) -> bytes:
    return data


def _utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: byte {error.start} is wrong") from None
    return data


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(_utf8(text), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.lower()} at character {error.pos}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: it is nested too deep") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"not JSON: {name} is no JSON number")


def _compact_json(text: bytes) -> bytes:
    value = _parse_json(text)
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise ValueError("not JSON that can be sent: it holds half of a surrogate pair") from None
    except ValueError:
        raise ValueError("not JSON that can be sent: a number in it is too large") from None


def _value_as_json(value: object) -> bytes:
    """`value` on one line of JSON: bytes in URL-safe base64, what JSON lacks as text."""
    from pydantic_core import PydanticSerializationError, to_json

    try:
        return to_json(value, bytes_mode="base64", inf_nan_mode="strings", fallback=str)
    except PydanticSerializationError as error:
        raise ValueError(f"the value cannot be shown as JSON: {error}") from None


def _json() -> TypedText:
    return TypedText(_compact_json, _compact_json)


def _msgpack() -> TypedText:
    import msgpack  # type: ignore[import-untyped]  # the project publishes no types

    def to_message(text: bytes) -> bytes:
        try:
            packed: bytes = msgpack.packb(_parse_json(text))
        except OverflowError:
            raise ValueError("MessagePack has no integers of more than 64 bits") from None
        return packed

    return TypedText(to_message, _decoding("msgpack"))


def _pickle() -> TypedText:
    from protocols.codec.pickle_codec import encode_pickle

    return TypedText(lambda text: encode_pickle(_parse_json(text)), _decoding("pickle"))


def _decoding(name: str) -> Callable[[bytes], bytes]:
    from protocols.codec import DecodeError, codec_for

    codec = codec_for(Any, name)

    def to_text(message: bytes) -> bytes:
        try:
            value = codec.decode(message)
        except DecodeError as error:
            raise ValueError(str(error)) from None
        return _value_as_json(value)

    return to_text


_CODECS: Final[Mapping[str, Callable[[], TypedText]]] = {
    "bytes": lambda: TypedText(_as_is, _as_is),
    "text": lambda: TypedText(_utf8, _utf8),
    "json": _json,
    "msgpack": _msgpack,
    "pickle": _pickle,
}

CODEC_NAMES: Final = tuple(_CODECS)
"""The codecs, the default first."""
