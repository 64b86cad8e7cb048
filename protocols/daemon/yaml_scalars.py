"""Plain YAML scalars by the core schema of YAML 1.2.2 (section 10.3.2), and nothing of YAML 1.1.

``on``, ``yes``, ``1:30``, ``2026-01-01`` and ``1_000`` are text.  A number with a leading zero is
refused: YAML 1.1 reads it as octal, YAML 1.2 as decimal, and people mean either.
"""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")

LONGEST_NUMBER = 100
"""Characters of a plain number.  Nothing measured here needs more, and the time that Python takes to
read a decimal number grows with the square of its length."""


class ScalarError(ValueError):
    """A plain scalar that could mean two things, or nothing sensible."""


def resolve(text: str) -> Scalar:
    """The value of the plain (unquoted) scalar `text`.  Raises :class:`ScalarError`."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if _INFINITY.fullmatch(text) or _NAN.fullmatch(text):
        return float(text.replace(".", ""))
    octal, hexadecimal = _OCTAL.fullmatch(text), _HEX.fullmatch(text)
    if not (octal or hexadecimal or _FLOAT.fullmatch(text)):
        return text
    if len(text) > LONGEST_NUMBER:
        raise ScalarError(f"a number of {len(text)} characters; the longest is {LONGEST_NUMBER}")
    if octal or hexadecimal:
        return int(text, 0)
    if _LEADING_ZERO.fullmatch(text):
        raise ScalarError(_leading_zero(text))
    return int(text) if _INT.fullmatch(text) else float(text)


def _leading_zero(text: str) -> str:
    digits = text.lstrip("+-")
    decimal = digits.lstrip("0") or "0"
    meanings = [f"{decimal} for the number"]
    if not set(digits) & {"8", "9"}:
        meanings.append(f"0o{decimal} for an octal number")
    meanings.append(f'"{text}" for text')
    return f"{text} has a leading zero, which some read as octal; write {', '.join(meanings)}"
