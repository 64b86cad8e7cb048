"""Text that can stand in the header of an HTTP message."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted

_TOKEN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # noqa: S105 - a token of RFC 9110


def _one_line(value: str) -> str:
    if not value.isprintable() or not value.isascii() or not value:
        text = f"{quoted(value)} must be printable ASCII on one line"
        raise PydanticCustomError("header", "{problem}", {"problem": text})
    return value


HeaderText = Annotated[StrictStr, BeforeValidator(lambda v: _one_line(v) if isinstance(v, str) else v)]
"""Text that can stand in a header (RFC 9110 section 5.5): a line break would begin another header."""


def _token(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_TOKEN[1:-1], value):
        text = f"{quoted(value)} is not the name of a header"
        raise PydanticCustomError("header", "{problem}", {"problem": text})
    return value


HeaderName = Annotated[
    StrictStr, BeforeValidator(_token), WithJsonSchema({"type": "string", "pattern": _TOKEN})
]
"""The name of a header field (RFC 9110 section 5.1)."""
