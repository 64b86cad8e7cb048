"""A request, as a route sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from protocols.codec import DecodeError
from protocols.http.fields import Headers, Query
from protocols.session import Peer


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whole.  Immutable."""

    method: str
    """``GET``, ``POST`` …; upper case as it came."""
    path: str
    """The path, percent-decoded once; it begins with a slash and has no ``.`` or ``..`` in it."""
    query: Query = field(default_factory=Query)
    """What stood behind the question mark."""
    headers: Headers = field(default_factory=Headers)
    """The header fields."""
    body: bytes = field(default=b"", repr=False)
    """The content; empty where there was none."""
    peer: Peer = field(default_factory=lambda: Peer("http"))
    """Who asks."""

    def text(self) -> str:
        """The body as UTF-8 text.

        Raises :class:`~protocols.codec.DecodeError`, which the peer sees as status 400.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            # Not chained: a UnicodeDecodeError carries the whole body.
            raise DecodeError.malformed(
                f"The body is not UTF-8 text: octet {error.start} is wrong", "utf8_invalid"
            ) from None

    def json(self) -> Any:
        """The value that the body says in JSON.

        Raises :class:`~protocols.codec.DecodeError`, which the peer sees as status 400.
        """
        try:
            return from_json(self.body)
        except ValueError as error:
            raise DecodeError.malformed(f"Invalid JSON: {error}", "json_invalid") from None
