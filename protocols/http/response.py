"""A response, as a route gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from protocols.codec.json_codec import encode_json
from protocols.http.source import Source

OCTETS: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses whose responses have no body (RFC 9110, section 15)."""

OURS: Final = frozenset(
    {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}
)
"""Headers that are written by the server: they say how the body is framed, or who frames it."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Response:
    """What a function that takes a :class:`~protocols.http.Request` returns.

    Raises :class:`ValueError`, where it is made, for what cannot be sent: a header that would break
    the line, a body for a status that has none, a value that has no JSON form.
    """

    body: object = field(default=b"", repr=False)
    """``bytes`` as they are, ``str`` as UTF-8, a :class:`~protocols.http.Source` piece by piece;
    ``None`` is empty, and everything else is sent as JSON."""
    status: int = 200
    """The status code, from 200 to 599."""
    content_type: str | None = None
    """The media type; unless said, what `body` is decides."""
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    """More header fields; kept as a tuple of pairs."""
    content: bytes | Source = field(init=False, repr=False)
    """`body` as it is sent."""

    def __post_init__(self) -> None:
        if type(self.status) is not int:
            raise TypeError(
                f"a status is a number, not {self.status!r}; the body comes first: Response(body, status)"
            )
        if not 200 <= self.status <= 599:
            raise ValueError(f"{self.status} is not the status of a response: 200 to 599 are")
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        headers = tuple((name, value) for name, value in pairs)
        for name, value in headers:
            _check(name, value)
        content, natural = _encoded(self.body)
        if self.status in BODILESS and content != b"":
            raise ValueError(f"a response of status {self.status} has no body")
        media = self.content_type
        if media is None and content != b"":
            media = natural
        if media is not None and not _VALUE.fullmatch(media):
            raise ValueError("the content type holds a character that would break the line")
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "content_type", media)
        object.__setattr__(self, "content", content)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The header fields, without the content type."""
        return tuple(self.headers)  # type: ignore[arg-type]  # __post_init__ has made it pairs


def _check(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower() in OURS:
        raise ValueError(f"the header {name} is written by the server")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"the header {name} holds a character that would break the line")


def _encoded(body: object) -> tuple[bytes | Source, str]:
    if isinstance(body, Source):
        return body, OCTETS
    if body is None:
        return b"", OCTETS
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body), OCTETS
    if isinstance(body, str):
        return body.encode(), TEXT
    return encode_json(body), JSON
