"""Names and values as a validator takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def values_of(
    pairs: Iterable[tuple[str, str]], many: Mapping[str, bool], *, only: bool = False
) -> dict[str, Any]:
    """The value of each name, a text or a list of texts.

    What may come several times is a list, also where it came once; what comes several times is one too, and
    where that is wrong the validator says so.

    :param many: for each known name whether it may come several times.
    :param only: whether other names are left out.
    """
    values: dict[str, Any] = {}
    for name, value in pairs:
        listed = many.get(name)
        if listed is None and only:
            continue
        if name not in values:
            values[name] = [value] if listed else value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values
