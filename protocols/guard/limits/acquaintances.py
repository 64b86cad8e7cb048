"""Sources that have shown that their addresses are their own."""

from __future__ import annotations

from typing import Final

KNOWN_FOR: Final = 600.0
"""Seconds for which that is believed: addresses change hands, and not so fast."""

SOURCES: Final = 50_000
"""Sources that are remembered: some 8 MB at the most."""


class Acquaintances:
    """Who has lately opened a connection.  That takes an answer to what we sent to the address (RFC 9293,
    section 3.5), which who forges it never sees; a datagram takes nothing of the kind."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        """When each was seen, the one that was seen last at the end."""

    def met(self, source: str, now: float) -> None:
        """`source` has a connection."""
        self._seen.pop(source, None)
        self._seen[source] = now
        if len(self._seen) > SOURCES:
            del self._seen[next(iter(self._seen))]

    def knows(self, source: str, now: float) -> bool:
        """Whether `source` has had one within :data:`KNOWN_FOR`."""
        seen = self._seen.get(source)
        return seen is not None and now - seen < KNOWN_FOR
