"""Whether the content of a request may be JSON."""

from __future__ import annotations

from typing import Final

from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead

MAYBE_JSON: Final = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/json",
        "text/plain",
    }
)
"""What clients call JSON: its own type, what clients say that do not know, and what ``curl -d`` says."""


def check_json(request: RequestHead) -> None:
    """Raise :class:`HTTPError` (415) for content that is clearly no JSON."""
    media = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if media and media not in MAYBE_JSON and not media.endswith("+json"):
        raise HTTPError(415, "This takes JSON", {"Accept-Post": "application/json"})
