"""Programs, as the operator names them: arguments and variables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Listed
from protocols.daemon.spec.paths import folder_of

_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _variable(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_VARIABLE, value):
        text = f"{quoted(value)} is not the name of a variable, such as LANG"
        raise PydanticCustomError("variable", "{problem}", {"problem": text})
    return value


VariableName = Annotated[
    StrictStr, BeforeValidator(_variable), WithJsonSchema({"type": "string", "pattern": _VARIABLE})
]
"""The name of an environment variable."""


def _word(value: Any) -> Any:
    if isinstance(value, str) and (not value or "\0" in value):
        text = "an argument must not be empty, nor hold a zero byte"
        raise PydanticCustomError("argument", "{problem}", {"problem": text})
    return value


Word = Annotated[StrictStr, BeforeValidator(_word)]
"""One argument of a program."""


def _placed(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    first = value[0]
    if info.data.get("shell") is True:
        return value
    return (str((folder_of(info) or Path()) / first), *value[1:]) if "/" in first else value


CommandLine = Annotated[tuple[Word, ...], Listed(least=1), AfterValidator(_placed)]
"""A program and its arguments, which no shell reads.  A name is looked for in the PATH, a path with a slash
begins in the folder of the YAML file."""
