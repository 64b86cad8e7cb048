"""The heads of HTTP/2 responses, as HPACK field blocks (RFC 7541).

They use the static table only.  So a block is the same bytes on every connection and at every time, and
what is made once is kept; a dynamic table would save some fifty bytes a response, and a search and an
update for each of its fields.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hpack import Encoder

from protocols.http.response import Response
from protocols.http.server.wire import NO_LENGTH, SERVER, date_now

CONNECTION_SPECIFIC: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"}
)
"""What no response may hold (RFC 9113, section 8.2.2)."""

SENSITIVE: Final = frozenset({b"set-cookie", b"authentication-info", b"proxy-authentication-info"})
"""What no intermediary shall keep in a table either (RFC 7541, section 7.1.3)."""

Field = tuple[bytes, bytes]

_encoder = Encoder()
_encoder.header_table_size = 0

NO_TABLE: Final = _encoder.encode([])
"""Stands in front of the first block of a connection: there is no dynamic table (RFC 7541, section 6.3)."""


def head(response: Response, length: int | None) -> bytes:
    """The field block of `response`, whose body has `length` bytes, where that is known."""
    block, dated = _seldom_changing(response.status, response.content_type, response.headers)
    if length is not None and response.status not in NO_LENGTH:
        block += _length(length)
    return block if dated else block + _date(date_now())


def informational(status: int) -> bytes:
    """The field block of an interim response, such as 100."""
    return _encode([(b":status", b"%d" % status)])


def tunnelled(headers: tuple[tuple[str, str], ...]) -> bytes:
    """The field block of the answer after which the stream is another protocol's (RFC 8441, section 5)."""
    return _encode([(b":status", b"200"), *_octets(headers)]) + _date(date_now())


@lru_cache(maxsize=256)
def _seldom_changing(
    status: int, content_type: str | None, headers: tuple[tuple[str, str], ...]
) -> tuple[bytes, bool]:
    """The block without a length, and whether the date is in it."""
    given = _octets(headers)
    names = {name for name, _ in given}
    fields = [(b":status", b"%d" % status)]
    if b"server" not in names:
        fields.append((b"server", SERVER))
    if content_type is not None:
        fields.append((b"content-type", content_type.encode("latin-1")))
    return _encode([*fields, *given]), b"date" in names


@lru_cache(maxsize=256)
def _length(length: int) -> bytes:
    return _encode([(b"content-length", b"%d" % length)])


@lru_cache(maxsize=2)
def _date(date: bytes) -> bytes:
    return _encode([(b"date", date)])


def _octets(headers: tuple[tuple[str, str], ...]) -> list[Field]:
    octets = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
    return [field for field in octets if field[0] not in CONNECTION_SPECIFIC]


def _encode(fields: list[Field]) -> bytes:
    return _encoder.encode([(name, value, name in SENSITIVE) for name, value in fields])
