"""One form of a file, and what a client gets of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocols.http.content_coding import IDENTITY
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead
from protocols.http.response import Response
from protocols.http.routes.files.conditions import Version, unchanged, wanted_range
from protocols.http.routes.files.file_source import Plan, Span, plan_length
from protocols.http.routes.files.ranges import content_range, multipart, wanted_spans
from protocols.http.source import Source

Pair = tuple[str, str]

NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
"""The type is what we say, not what a browser guesses from the bytes (WHATWG Fetch, section 3.6)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that still needs its body."""

    status: int
    headers: tuple[Pair, ...]
    content_type: str | None = None
    plan: Plan | None = None
    """What of the file the body consists of; ``None`` is no body."""

    def response(self, content: bytes | Source) -> Response:
        """The response with `content` as its body."""
        return Response(content, self.status, self.content_type, self.headers)


class Representation:
    """A file in one form: as it is, or in a content coding.

    :param size: bytes; ``None`` where it is compressed while it is sent.
    :param more: header fields that are sent in any case, with status 304 too.
    """

    __slots__ = ("_common", "_size", "_type", "_version", "_whole")

    def __init__(
        self, version: Version, content_type: str, coding: str, size: int | None, more: Iterable[Pair] = ()
    ) -> None:
        self._version = version
        self._type = content_type
        self._size = size
        self._common = (*version.headers(), *more)
        # A part of what is compressed is of no use to those who have another part of the file itself.
        form = ("Accept-Ranges", "bytes") if coding == IDENTITY else ("Content-Encoding", coding)
        plan = (Span(0, size or 0),)
        self._whole = Reply(200, (*self._common, NOSNIFF, form), content_type, plan)

    def whole(self) -> Reply:
        """What a request without conditions gets."""
        return self._whole

    def reply(self, request: RequestHead) -> Reply:
        """What `request` gets.  A part is never one of a coded form.

        Raises :class:`HTTPError` where a condition does not hold (412), or the file ends before what is
        wanted (416).
        """
        if unchanged(request, self._version):
            return Reply(304, self._common)
        asked = wanted_range(request, self._version)
        size = self._size
        if asked is None or size is None or ("Accept-Ranges", "bytes") not in self._whole.headers:
            return self._whole
        spans = wanted_spans(asked, size)
        if spans is None:
            return self._whole
        if not spans:
            raise HTTPError(416, "The file ends before the range", {"Content-Range": f"bytes */{size}"})
        return self._part(spans[0], size) if len(spans) == 1 else self._parts(spans, size)

    def _part(self, span: Span, size: int) -> Reply:
        headers = (*self._whole.headers, ("Content-Range", content_range(span, size)))
        return Reply(206, headers, self._type, (span,))

    def _parts(self, spans: list[Span], size: int) -> Reply:
        boundary = secrets.token_hex(12)  # which nobody can have put into the file
        plan = multipart(spans, size, self._type, boundary)
        if plan_length(plan) >= size:
            return self._whole
        return Reply(206, self._whole.headers, f"multipart/byteranges; boundary={boundary}", plan)
