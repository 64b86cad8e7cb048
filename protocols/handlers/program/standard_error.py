"""Where a program's standard error goes."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, TypeAlias

Errors: TypeAlias = Literal["log", "send", "discard"]
"""To the log, to where standard output goes, or nowhere."""


class StandardError(NamedTuple):
    """Descriptors for it."""

    ours: int | None
    """What it is read from, line by line."""
    theirs: tuple[int, ...]
    """What the program gets, besides its input and output."""
    with_output: tuple[int, ...]
    """As which the program gets the descriptor of its output, too."""
    places: tuple[tuple[int, ...], ...]
    """As which it gets `theirs`."""


def standard_error(errors: Errors) -> StandardError:
    """Descriptors for one program.  Raises :class:`OSError` if there are none left."""
    if errors == "send":
        return StandardError(None, (), (2,), ())
    if errors == "discard":
        return StandardError(None, (os.open(os.devnull, os.O_RDWR),), (), ((2,),))
    reading, writing = os.pipe()
    return StandardError(reading, (writing,), (), ((2,),))
