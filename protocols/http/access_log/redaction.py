"""Secrets in URLs, kept out of the log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_plus

REDACTED: Final = ("access_token", "api_key", "password", "token")
"""Parameters of a query that hold secrets, unless somebody says which do."""

MASK: Final = "***"


class Redaction:
    """Masks the values of the query parameters `names`, in any case, in a URL or request target."""

    def __init__(self, names: Collection[str] = REDACTED) -> None:
        self._names = frozenset(name.lower() for name in names)

    def __call__(self, url: str) -> str:
        before, question, query = url.partition("?")
        if not question or not self._may_hold(query.lower()):
            return url
        parts = [self._masked(part) for part in query.split("&")]
        return f"{before}?{'&'.join(parts)}"

    def _may_hold(self, query: str) -> bool:
        """Whether `query` is worth a closer look; most are not, and one line is written for each request."""
        return any(name in query for name in self._names) or ("%" in query and bool(self._names))

    def _masked(self, part: str) -> str:
        name, equals, _ = part.partition("=")
        # Decoded, since a name may be written in many ways.
        return f"{name}={MASK}" if equals and unquote_plus(name).lower() in self._names else part
