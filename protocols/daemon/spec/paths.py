"""Paths of files and folders, relative to the folder of the YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.spec.sentences import described


def folder_of(info: ValidationInfo) -> Path | None:
    """The folder of the YAML file, if the validation was told it: ``context={"folder": …}``."""
    return info.context.get("folder") if isinstance(info.context, dict) else None


def _resolved(value: Any, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        text = f"a path is expected, not {described(value)}"
    elif not value:
        text = "a path must not be empty"
    elif "\0" in value:
        text = "a path cannot hold a zero byte"
    else:
        return (folder_of(info) or Path()) / value
    raise PydanticCustomError("wrong_value", "{problem}", {"problem": text})


FilePath = Annotated[
    Path,
    BeforeValidator(_resolved),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
"""A path in the file system: relative ones begin in the folder of the YAML file, and are absolute once
it is loaded."""
