"""A request that another path answers, without the client's knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST: Final = 10
"""How often one request may be sent on before somebody must have gone in a circle."""


@dataclass(frozen=True, slots=True)
class LocalRedirect:
    """An answer instead of a :class:`~protocols.http.Response`: what a GET of `target` would give (RFC 3875,
    section 6.2.2); a HEAD stays one."""

    target: str
    """A path of the same site, encoded, with its query if there is one."""
