"""``cgi``: programs that answer requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.command_line import CommandLine, VariableName
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Duration, PositiveDuration

_SUFFIX = r"^\.[A-Za-z0-9_+-]+$"


def _suffix(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_SUFFIX, value):
        text = f"{quoted(value)} is not the suffix of a file name, such as .py"
        raise PydanticCustomError("suffix", "{problem}", {"problem": text})
    return value


Suffix = Annotated[
    StrictStr, BeforeValidator(_suffix), WithJsonSchema({"type": "string", "pattern": _SUFFIX})
]
"""The end of a file name, from the last dot."""


class CgiSpec(Spec):
    """Runs a program for each request (CGI, RFC 3875): those of a `folder`, or one `program`."""

    choices = ("folder", "program")
    short = "folder"

    folder: FilePath | None = None
    """The folder of the programs. The first file along the path of a request is run, the rest is its
    PATH_INFO; hidden files are not there."""
    program: CommandLine | None = None
    """One program, with its arguments, for every path. A name is looked for in the PATH, a path with a
    slash begins in the folder of the YAML file."""
    interpreters: dict[Suffix, CommandLine] = Field(default_factory=dict)
    """Programs that run files of the folder, by the end of their names, such as `.py: [python3]`; these
    files need not be executable."""
    environment: dict[VariableName, StrictStr] = Field(default_factory=dict)
    """Variables for the programs, which get PATH and those of CGI otherwise."""
    documents: FilePath | None = None
    """The folder that PATH_TRANSLATED begins with; unless said, that of the programs."""
    authorization: StrictBool = False
    """Whether programs get the Authorization header, as HTTP_AUTHORIZATION, to check passwords themselves."""
    words: StrictBool = True
    """Whether the words of a query without `=` become arguments of a program of the folder (RFC 3875
    section 4.4); never if one begins with `-`."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long a program may keep a client waiting, for its header (then status 504) or for more of
    its output; then it is ended."""
    processes: Annotated[StrictInt, Field(ge=1)] = 16
    """How many programs run at a time."""
    queue: Annotated[StrictInt, Field(ge=0)] = 64
    """How many requests may wait for that; more get status 503."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        for key in ("interpreters", "words"):
            if "program" in data and key in data:
                yield (key,), "only the programs of a folder have that; remove this key"
