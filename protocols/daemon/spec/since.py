"""``since``: where a reader of a channel begins."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.channels.since import Since
from protocols.daemon.spec.sentences import described


def _since(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    try:
        if not isinstance(value, str) and not is_number:
            raise ValueError(f"a text such as new, last, all or 2h is expected, not {described(value)}")
        Since.parse(str(value))
    except ValueError as error:
        raise PydanticCustomError("since", "{problem}", {"problem": str(error)}) from None
    return str(value)


SinceText = Annotated[
    str,
    BeforeValidator(_since),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "examples": ["new", "last", "all", "2h"]},
                {"type": "integer", "minimum": 0},
            ]
        }
    ),
]
"""``new``, ``last``, ``all``, a sequence number, a time ago such as ``2h``, or a point in time."""
