"""What is wrong with a configuration, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocols.known_words import known_help, nearest, quoted

__all__ = ["ConfigError", "Path", "Problem", "known_help", "nearest", "path_text", "quoted"]

Path = tuple[str | int, ...]
"""Where a value stands in the YAML: the keys and list indexes that lead to it."""

_PLAIN_KEY = re.compile(r"[^\s\[\]\":]+")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing the operator has to put right."""

    file: str
    """The file as the operator named it."""
    line: int
    """Counted from 1; 0 where the file as a whole is meant."""
    column: int
    """Counted from 1; 0 where the file as a whole is meant."""
    path: str
    """The value, such as ``services.shout.listen[0]``; empty for the whole file."""
    message: str
    """What is wrong, without a full stop."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` holds everything that was found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def path_text(path: Sequence[str | int]) -> str:
    """`path` as people write it: ``services.shout.listen[0]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            key = step if _PLAIN_KEY.fullmatch(step) else quoted(step)
            text += f".{key}" if text else key
    return text
