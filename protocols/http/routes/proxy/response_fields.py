"""The header fields of an origin's response, as they are passed on."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from protocols.http.response import Response
from protocols.http.routes.proxy.request_head import HOP, TRIVIAL, named_in
from protocols.http.routes.proxy.response_parser import Fields

Pair = tuple[str, str]

DROPPED: Final = HOP | {b"content-length"}
"""Fields that are for one connection only, and those that say how the content was framed there."""

CACHED: Final = 256
"""Bytes of the longest value that is remembered: most fields of most responses are the same."""


def passed_fields(fields: Fields, *, but: frozenset[bytes] = frozenset()) -> tuple[Pair, ...]:
    """Those of `fields` that clients get: none that is for one connection only (RFC 9110, section 7.6.1),
    none that would break a line.

    :param but: more fields to leave out, in lower case.
    """
    passed = []
    for name, value in fields:
        found = _passed(name, value) if len(value) <= CACHED else _read(name, value)
        if found is not None:
            passed.append(found)
        elif name.lower() == b"connection" and value.lower() not in TRIVIAL:
            but = but | named_in([value])
    if but:
        names = {name.decode("latin-1") for name in but}
        passed = [pair for pair in passed if pair[0].lower() not in names]
    return tuple(passed)


def _read(name: bytes, value: bytes) -> Pair | None:
    if name.lower() in DROPPED:
        return None
    pair = name.decode("latin-1"), value.decode("latin-1")
    return pair if Response.passed_on(200, [pair]).headers else None


_passed = lru_cache(maxsize=2048)(_read)
