"""From plain data to specification objects, section by section, with every fault at its place."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem, path_text
from protocols.daemon.spec.sentences import sentence

T = TypeVar("T")


def validate(kind: TypeAdapter[T], data: Any, path: Path, origin: Origin) -> tuple[T | None, list[Problem]]:
    """`data`, which stands at `path`, as a `kind`; or ``None`` and everything that is wrong with it."""
    try:
        return kind.validate_python(data, context={"folder": origin.folder}), []
    except ValidationError as error:
        return None, [_problem(line, path, origin) for line in error.errors(include_url=False)]


def _problem(error: ErrorDetails, path: Path, origin: Origin) -> Problem:
    inner = [step for step in error["loc"] if not _is_tag(step)]
    about_key = "[key]" in error["loc"] or error["type"] in ("unknown_key", "fault")
    whole = (*path, *inner)
    text = sentence(error)
    if error["type"] in ("missing", "empty"):
        known, rest = origin.split(whole)
        named = path_text(rest)
        text = f"{named} is missing" if named and error["type"] == "missing" else text
        return origin.problem(known, text, key=True, safe=True)
    return origin.problem(whole, text, key=about_key, safe=about_key)


def _is_tag(step: str | int) -> bool:
    """Whether pydantic put `step` into the path itself: the tag of a union, or the mark of a key."""
    return isinstance(step, str) and (step.startswith("=") or step == "[key]")
