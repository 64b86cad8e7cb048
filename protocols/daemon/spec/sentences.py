"""What a validation error says, in the words of somebody who writes YAML."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from protocols.daemon.problems import quoted

_EXPECTED = {
    "string_type": "text is expected",
    "bytes_type": "text is expected",
    "int_type": "a whole number is expected",
    "bool_type": "true or false is expected",
    "list_type": "a list is expected",
    "tuple_type": "a list is expected",
    "dict_type": "a mapping is expected",
}


def sentence(error: ErrorDetails) -> str:
    """What is wrong, without the place."""
    kind, context = error["type"], error.get("ctx") or {}
    if "problem" in context:
        return str(context["problem"])
    if kind == "missing":
        return "is missing"
    if kind in _EXPECTED:
        return f"{_EXPECTED[kind]}, not {described(error['input'])}{_hint(kind, error['input'])}"
    if kind in ("greater_than_equal", "less_than_equal"):
        least = kind == "greater_than_equal"
        bound, limit = ("least", context["ge"]) if least else ("most", context["le"])
        return f"must be at {bound} {limit}, not {error['input']}"
    if kind in ("too_short", "string_too_short", "bytes_too_short"):
        return "must not be empty"
    if kind in ("string_pattern_mismatch", "string_too_long"):
        rule = "a name has lower-case letters, digits, - and _, begins with a letter or digit"
        return f"{rule}, and is at most 64 long; {quoted(str(error['input']))} is not"
    return error["msg"]


def _hint(kind: str, value: Any) -> str:
    """What somebody means who is used to YAML 1.1."""
    word = value.lower() if kind == "bool_type" and isinstance(value, str) else ""
    if word in ("on", "yes", "y"):
        return "; write true"
    return "; write false" if word in ("off", "no", "n") else ""


def described(value: Any) -> str:
    """`value` as a message names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a list" if isinstance(value, list) else "a mapping"
