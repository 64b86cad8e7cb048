"""Conditional requests and byte ranges (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

from protocols.http.errors import HTTPError
from protocols.http.request import Request

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a file is there: what a client remembers it by."""

    tag: str
    """A strong entity tag, in its quotes."""
    modified: int
    """Seconds since 1970."""

    def headers(self) -> list[tuple[str, str]]:
        return [("ETag", self.tag), ("Last-Modified", formatdate(self.modified, usegmt=True))]


def unchanged(request: Request, version: Version) -> bool:
    """Whether the client has `version` already (status 304).

    Raises :class:`HTTPError` (412) if the client wants only another one.
    """
    wanted = request.headers.get("if-match")
    if wanted is not None:
        if not _matches(wanted, version, weak=False):
            raise HTTPError(412, "The file has changed")
    else:
        before = _seconds(request.headers.get("if-unmodified-since"))
        if before is not None and version.modified > before:
            raise HTTPError(412, "The file has changed")
    known = request.headers.get("if-none-match")
    if known is not None:
        return _matches(known, version, weak=True)
    since = _seconds(request.headers.get("if-modified-since"))
    return since is not None and version.modified <= since


def wanted_range(request: Request, version: Version, size: int) -> tuple[int, int] | None:
    """The first byte and the number of bytes of the one range that is asked for, else ``None``.

    What is not one range of bytes is ignored, as the RFC allows: many small ranges cost more than the
    whole.  Raises :class:`HTTPError` (416) for a range that begins behind the end.
    """
    if request.method != "GET" or not _still(request.headers.get("if-range"), version):
        return None
    match = _RANGE.fullmatch(request.headers.get("range") or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        length = min(int(last) + 1 if last else size, size) - start
    if length <= 0:
        raise HTTPError(416, "The file ends before the range", {"Content-Range": f"bytes */{size}"})
    return start, length


def _still(condition: str | None, version: Version) -> bool:
    """Whether an If-Range allows a part (RFC 9110, section 13.1.5)."""
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == version.tag
    return _seconds(condition) == version.modified


def _matches(condition: str, version: Version, *, weak: bool) -> bool:
    if condition.strip() == "*":
        return True
    found = _ENTITY_TAG.finditer(condition)
    return any(tag[1] == version.tag and (weak or not tag[0].startswith("W/")) for tag in found)


def _seconds(date: str | None) -> int | None:
    """An HTTP date as seconds since 1970; ``None`` for what is none."""
    try:
        return None if date is None else int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None
