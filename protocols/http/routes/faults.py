"""Where in a request a fault is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

from protocols.codec import DecodeError, Fault
from protocols.codec.json_codec import encode_json


def placed(error: DecodeError, pointer: Callable[[str], str]) -> DecodeError:
    """`error` with its pointers made those of the request; what cannot be read at all has none."""
    if error.status != 422:
        return error
    return DecodeError(
        error.title,
        error.status,
        tuple(Fault(pointer(fault.path), fault.message, fault.kind) for fault in error.errors),
    )


def first_step(pointer: str) -> str:
    """The name that a JSON pointer begins with (RFC 6901, section 4)."""
    return pointer[1:].partition("/")[0].replace("~1", "/").replace("~0", "~")


def missing(place: str, name: str) -> Fault:
    """Nothing of that `name` is at that `place`."""
    return Fault(f"/{place}/{name}", "Field required", "missing")


def filled(body: bytes, values: Mapping[str, Any]) -> bytes:
    """The JSON object `body` with `values` in it, over what it says itself; what is no object stays.

    Raises :class:`DecodeError` for what is no JSON.
    """
    try:
        document = from_json(body)
    except ValueError as error:
        raise DecodeError.malformed(f"Invalid JSON: {error}", "json_invalid") from None
    return encode_json({**document, **values}) if isinstance(document, dict) else body
