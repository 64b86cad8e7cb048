"""Which bytes a Range header asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from protocols.http.routes.files.file_source import Plan, Span

MOST: Final = 16
"""Ranges of one request; a request for more is answered with the whole.  Readers of PDF files ask for a
handful."""

GAP: Final = 128
"""Bytes between two ranges that are sent along, since a part of its own costs as much."""

_SET = re.compile(r"bytes=[ \t]*(.*)", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def wanted_spans(header: str, size: int) -> list[Span] | None:
    """The bytes that `header` asks for of a file of `size` bytes.

    ``None`` is all of them, without a word about ranges: also for what is no range of bytes, for more than
    :data:`MOST`, and for ranges which overlap so that together they are more than the whole.  An empty list
    is an answer too: everything that was asked for is behind the end (status 416).

    Ranges that overlap, or nearly touch, are joined; the others keep their order.
    """
    match = _SET.fullmatch(header.strip(" \t"))
    elements = [element.strip(" \t") for element in match[1].split(",", 4 * MOST)] if match else []
    wanted = [element for element in elements if element]
    if not wanted or len(wanted) > MOST:
        return None
    spans: list[Span] = []
    for element in wanted:
        span = _span(element, size)
        if span is None:
            return None
        if span.length:
            spans.append(span)
    if sum(span.length for span in spans) > size:
        return None
    return _joined(spans)


def multipart(spans: Sequence[Span], size: int, media_type: str, boundary: str) -> Plan:
    """The body of a ``multipart/byteranges`` response (RFC 9110, section 14.6)."""
    plan: list[bytes | Span] = []
    for number, span in enumerate(spans):
        lines = [
            f"--{boundary}",
            f"Content-Type: {media_type}",
            f"Content-Range: {content_range(span, size)}",
            "\r\n",
        ]
        plan += [("\r\n" * bool(number) + "\r\n".join(lines)).encode("latin-1"), span]
    return *plan, f"\r\n--{boundary}--\r\n".encode("latin-1")


def content_range(span: Span, size: int) -> str:
    """The Content-Range field for a part of a file of `size` bytes."""
    return f"bytes {span.start}-{span.end - 1}/{size}"


def _span(element: str, size: int) -> Span | None:
    """One range, without bytes if it begins behind the end; ``None`` if it is none."""
    match = _RANGE.fullmatch(element)
    if match is None or element == "-":
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return Span(size - length, length)
    start = int(first)
    if last and int(last) < start:
        return None
    end = min(int(last) + 1, size) if last else size
    return Span(start, max(end - start, 0))


def _joined(spans: list[Span]) -> list[Span]:
    """`spans` with those joined that overlap or nearly touch, each where the first of them was."""
    joined: list[tuple[int, Span]] = []
    for place, span in sorted(enumerate(spans), key=lambda item: item[1].start):
        if joined and span.start <= joined[-1][1].end + GAP:
            before, last = joined.pop()
            end = max(last.end, span.end)
            joined.append((min(before, place), Span(last.start, end - last.start)))
        else:
            joined.append((place, span))
    return [span for _, span in sorted(joined, key=lambda item: item[0])]
