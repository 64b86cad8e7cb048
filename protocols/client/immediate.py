"""Coroutines that never wait, run like functions.

What a client does is written once, as coroutines over a :class:`~protocols.client.wire.Wire`.  Those of
:mod:`protocols.client.blocking` block instead of suspending, so a coroutine over them runs to its end.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def immediate(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of `coroutine`, which suspends nowhere.  Raises what it raises."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the coroutine returns
    coroutine.close()
    raise RuntimeError("a coroutine over blocking input and output has suspended")
