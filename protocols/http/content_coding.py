"""Which content coding a client wants: Accept-Encoding (RFC 9110, section 12.5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

IDENTITY: Final = "identity"
"""No coding at all."""

VARY: Final = ("Vary", "Accept-Encoding")
"""What is said with everything that is there in several codings, so that caches keep them apart (RFC 9110,
section 12.5.5)."""

REMEMBERED: Final = 256
"""Bytes of the longest Accept-Encoding whose outcome is remembered: browsers send some thirty."""

_ALIASES: Final = {"x-gzip": "gzip", "x-compress": "compress"}  # RFC 9110, section 8.4.1


def best_coding(accept: str | None, offered: tuple[str, ...]) -> str:
    """The coding among `offered`, the most welcome to us first, that the client likes best.

    :data:`IDENTITY` where it takes none of them, likes that better, or does not say: a client without an
    Accept-Encoding would take any (RFC 9110), but those that decode one say so.  It is also what a client
    gets that wants neither, which the RFC allows: bytes it did not ask for are more useful than an error.
    """
    if not accept or not offered:
        return IDENTITY
    return _remembered(accept, offered) if len(accept) <= REMEMBERED else _best(accept, offered)


def qualities(accept: str) -> Mapping[str, float]:
    """The weight of each coding that `accept` names, from 0 to 1; ``*`` is every other one.

    Elements that cannot be read are left out.
    """
    found: dict[str, float] = {}
    for element in accept.lower().split(","):
        name, _, parameters = element.partition(";")
        name = name.strip()
        weight = _weight(parameters)
        if name and weight is not None:
            found.setdefault(_ALIASES.get(name, name), weight)
    return found


def _best(accept: str, offered: Sequence[str]) -> str:
    weights = qualities(accept)
    others = weights.get("*", 0.0)
    # max() keeps the first of equals: the order of `offered` decides.
    best = max(offered, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get(IDENTITY, 0.0) else IDENTITY


_remembered = lru_cache(maxsize=512)(_best)


def _weight(parameters: str) -> float | None:
    """The q among `parameters` (RFC 9110, section 12.4.2), 1 without one."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return None
            return weight if 0.0 <= weight <= 1.0 else None
    return 1.0
