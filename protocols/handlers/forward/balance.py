"""Which of several targets gets the next connection."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Literal, TypeAlias

from protocols.handlers.forward.backend import Backend

Method: TypeAlias = Literal["round-robin", "least-connections"]
"""In turn, or whoever has the fewest connections."""


class Balance:
    """Chooses among `backends`: those that are up, or the least bad if none is."""

    def __init__(self, backends: Sequence[Backend], method: Method = "round-robin") -> None:
        self.backends = tuple(backends)
        self.method = method
        self._next = 0

    def choose(self, tried: Container[Backend] = ()) -> Backend | None:
        """One that is not among those `tried`; ``None`` if all are."""
        backends, first = self.backends, self._next
        if len(backends) == 1:
            return None if backends[0] in tried else backends[0]
        # From the one whose turn it is, so that it comes first among equals.
        found = min(
            (one for one in (*backends[first:], *backends[:first]) if one not in tried),
            key=self._cost,
            default=None,
        )
        if found is not None:
            self._next = (backends.index(found) + 1) % len(backends)
        return found

    def _cost(self, backend: Backend) -> tuple[int, int]:
        if not backend.health.is_up:
            return backend.health.failures or 1, 0
        return 0, backend.connections if self.method == "least-connections" else 0
