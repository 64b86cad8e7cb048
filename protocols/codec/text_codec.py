"""UTF-8 text (RFC 3629), strictly."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from protocols.codec.bytes_codec import refuse
from protocols.codec.contract import DecodeError
from protocols.codec.octets import as_is
from protocols.codec.validation import python_validator


class TextCodec:
    """Messages are UTF-8 text; an annotation other than ``str`` is read from it (``"42"`` as int).

    `encode_other` makes a message of a result that is neither bytes nor text.
    """

    __slots__ = ("_encode_other", "_validate")

    name = "text"
    content_type = "text/plain; charset=utf-8"

    def __init__(self, annotation: object = str, encode_other: Callable[[object], bytes] = refuse) -> None:
        plain = annotation in (str, object, Any, inspect.Parameter.empty)
        self._validate = None if plain else python_validator(annotation)
        self._encode_other = encode_other

    def decode(self, message: bytes) -> object:
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            # Not chained: a UnicodeDecodeError carries the whole message.
            raise DecodeError.malformed(
                f"The message is not UTF-8 text: octet {error.start} is wrong", "utf8_invalid"
            ) from None
        return text if self._validate is None else self._validate(text)

    def encode(self, value: object) -> bytes:
        octets = as_is(value)
        return self._encode_other(value) if octets is None else octets

    def encode_error(self, error: DecodeError) -> bytes | None:
        # One line, whatever a validator of the user's says: the framing may be lines.
        return " ".join(f"{error.title}: {error}".split()).encode()
