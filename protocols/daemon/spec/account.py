"""Accounts of the machine, and what files are made without."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.spec.sentences import described


def _umask(value: str) -> str:
    if not re.fullmatch("0?[0-7]{1,3}", value):
        problem = f'octal digits such as "027" are expected, not {described(value)}'
        raise PydanticCustomError("umask", "{problem}", {"problem": problem})
    return value


def _account(value: Any) -> str:
    if type(value) not in (int, str) or value == "" or value is True:
        problem = f"the name or number of an account is expected, not {described(value)}"
        raise PydanticCustomError("account", "{problem}", {"problem": problem})
    return str(value)


Account = Annotated[str, BeforeValidator(_account), WithJsonSchema({"type": ["string", "integer"]})]
"""A user or a group of the machine, by name or number."""


Umask = Annotated[StrictStr, AfterValidator(_umask)]
"""Octal digits."""
