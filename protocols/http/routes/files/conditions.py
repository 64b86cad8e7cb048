"""Conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from typing import Final, Self

from protocols.http.content_coding import IDENTITY
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead

FIELDS: Final = frozenset(
    {b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since", b"range"}
)
"""The header fields whose presence may make the answer something else than the whole file."""

_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a file is there, in which form: what a client remembers it by."""

    tag: str
    """A strong entity tag, in its quotes."""
    modified: int
    """Seconds since 1970."""
    date: str = field(init=False)
    """The same as an HTTP date."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "date", formatdate(self.modified, usegmt=True))

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The version of the file that `status` is about, as it is."""
        return cls(f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"', int(status.st_mtime))

    def coded(self, coding: str) -> Version:
        """The same in a content coding: other bytes, so another tag (section 8.8.3.3)."""
        return self if coding == IDENTITY else Version(f'{self.tag[:-1]}-{coding}"', self.modified)

    def headers(self) -> list[tuple[str, str]]:
        return [("ETag", self.tag), ("Last-Modified", self.date)]


def unchanged(request: RequestHead, version: Version) -> bool:
    """Whether the client has `version` already (status 304).

    Raises :class:`HTTPError` (412) if the client wants only another one.
    """
    headers = request.headers
    wanted = headers.get("if-match")
    if wanted is not None:
        if not matches(wanted, version.tag, weak=False):
            raise HTTPError(412, "The file has changed")
    else:
        before = _seconds(headers.get("if-unmodified-since"), version)
        if before is not None and version.modified > before:
            raise HTTPError(412, "The file has changed")
    known = headers.get("if-none-match")
    if known is not None:
        return matches(known, version.tag, weak=True)
    since = _seconds(headers.get("if-modified-since"), version)
    return since is not None and version.modified <= since


def wanted_range(request: RequestHead, version: Version) -> str | None:
    """The Range header, if it counts: a GET asks, and an If-Range still holds (section 13.1.5)."""
    asked = request.headers.get("range") if request.method == "GET" else None
    condition = request.headers.get("if-range")
    if asked is None or condition is None:
        return asked
    if condition.startswith('"'):
        return asked if condition == version.tag else None
    # A date must be the very one; a weak tag is none, and never enough.
    return asked if _seconds(condition, version) == version.modified else None


def matches(condition: str, tag: str, *, weak: bool) -> bool:
    """Whether the entity tag `tag`, a strong one, is among those that `condition` names (section 8.8.3.2).

    :param weak: whether weak ones count.
    """
    if condition == tag or condition.strip() == "*":
        return True
    found = _ENTITY_TAG.finditer(condition)
    return any(other[2] == tag and (weak or not other[1]) for other in found)


def _seconds(date: str | None, version: Version) -> int | None:
    """An HTTP date as seconds since 1970; ``None`` for what is none.

    The date of `version` itself, which is what clients usually say, is not worth reading.
    """
    if date is None or date == version.date:
        return None if date is None else version.modified
    try:
        moment = parsedate_to_datetime(date)
        # The oldest of the three forms (RFC 9110, section 5.6.7) names no zone, and means GMT.
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
