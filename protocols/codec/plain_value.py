"""Plain data: the values a pickle may carry, and how large and how deep they may be.

Pickles share objects, so a few bytes can stand for a value that is endless (a list that holds
itself) or merely astronomical (a list of ten references to a list of ten references …).  What
counts here is therefore the *expanded* value, as any code that walks it would meet it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import chain
from types import NoneType
from typing import Final
from uuid import UUID

SCALARS: Final = frozenset(
    {NoneType, bool, int, float, complex, date, datetime, time, timedelta, timezone, Decimal, UUID}
)
"""Types without parts.  Exact types: a subclass may carry code."""

TEXTS: Final = frozenset({str, bytes})
"""Types whose length counts."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one expanded value may hold."""

    depth: int
    """Containers inside one another."""
    nodes: int
    """Values, containers included."""
    text: int
    """Characters and octets of all text together."""


VALUE: Final = Bounds(depth=100, nodes=1_000_000, text=64 * 1024 * 1024)
"""A whole message: far below Python's recursion limit, and walked in well under a second."""

KEY: Final = Bounds(depth=8, nodes=100, text=VALUE.text)
"""A key of a dict or a member of a set.  Hashing recurses in C without a check of the stack, and
hashes a tuple again at each use, so keys must be small before they are hashed."""


def check(value: object, bounds: Bounds) -> None:
    """Raise :class:`ValueError` unless `value` is plain data within `bounds`; never recurses."""
    nodes = text = 0
    open_containers = [iter((value,))]
    while open_containers:
        for item in open_containers[-1]:
            nodes += 1
            if nodes > bounds.nodes:
                raise ValueError(f"it has more than {bounds.nodes} values")
            if type(item) in SCALARS:
                continue
            if isinstance(item, str | bytes) and type(item) in TEXTS:
                text += len(item)
                if text > bounds.text:
                    raise ValueError(f"it has more than {bounds.text} characters of text")
                continue
            if len(open_containers) > bounds.depth:
                raise ValueError(f"it is nested deeper than {bounds.depth} or holds itself")
            open_containers.append(iter(_parts(item)))
            break
        else:
            open_containers.pop()


def _parts(container: object) -> Iterable[object]:
    kind = type(container)
    if isinstance(container, dict) and kind is dict:
        return chain.from_iterable(container.items())
    if isinstance(container, list | tuple | set | frozenset) and kind in _SEQUENCES:
        return container
    raise ValueError(f"it holds a {kind.__name__}, which is not plain data")


_SEQUENCES: Final = frozenset({list, tuple, set, frozenset})
