"""A part of a channel's history, as a response."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final
from urllib.parse import urlencode

from twisted.internet.defer import Deferred

from protocols.http.request import RequestHead
from protocols.http.response import Response
from protocols.http.routes.channel.history import History
from protocols.http.routes.channel.wanted import JSON, Wanted
from protocols.http.routes.files.conditions import matches
from protocols.http.routes.files.representation import NOSNIFF
from protocols.http.source import Source

POSITION: Final = "Channel-Position"
"""The header field with the sequence number behind which a client goes on."""

FRESH: Final = 60
"""Seconds for which a page that nothing can come to may be used without asking again; not longer, for what
is in it may be trimmed."""

_VARY: Final = ("Vary", "Accept")


class JsonPage(Source):
    """The lines of `history` as one object: ``{"messages":[…],"position":17,"next":"?since=17&limit=…"}``.

    ``position`` is where to go on; ``next``, a relative reference to the next page, is there if there is one.
    """

    def __init__(self, history: History, page: Page) -> None:
        self._history = history
        self._page = page
        self._before = b'{"messages":['
        self._is_over = False

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._is_over:
            return None
        piece = self._history.read()
        return piece.addCallback(self._array) if isinstance(piece, Deferred) else self._array(piece)

    def close(self) -> None:
        self._history.close()

    def whole(self, lines: bytes) -> bytes:
        """All of it, where `lines` are all that there is."""
        return (self._array(lines) if lines else b"") + self._end()

    def _array(self, lines: bytes | None) -> bytes:
        if lines is None:
            self._is_over = True
            return self._end()
        before, self._before = self._before, b",\n"
        # A message has no line end within.
        return before + lines[:-1].replace(b"\n", b",\n")

    def _end(self) -> bytes:
        before = self._before if self._before != b",\n" else b""
        position = self._history.position
        following = self._page.following(position)
        more = f',"next":"{following}"' if following else ""
        return before + f'],"position":{position}{more}}}\n'.encode()


class Page:
    """What answers `request`, which wants so much of a history.

    :param last: the seq of the newest message of the channel.
    """

    def __init__(self, request: RequestHead, wanted: Wanted, history: History, last: int) -> None:
        self._request = request
        self._wanted = wanted
        self._history = history
        self._last = last

    def following(self, position: int) -> str | None:
        """A relative reference to what is behind `position`, if there is anything."""
        if position >= self._last:
            return None
        wanted = self._wanted
        said = {"since": position, "limit": wanted.limit, "key": wanted.key}
        form = self._request.query.get("format")
        return "?" + urlencode({name: value for name, value in {**said, "format": form}.items() if value})

    async def response(self) -> Response:
        """The response; one whose messages fit into a piece has a length, and says where the next begins."""
        history, wanted = self._history, self._wanted
        lines = await history.begin()
        ends_at = history.ends_at
        content: bytes | Source
        if history.whole:
            content = JsonPage(history, self).whole(lines) if wanted.media == JSON else lines
            tag = _tag(content)
            if not lines and wanted.wait and wanted.media != JSON:
                return Response(status=204, headers=[*self._place(ends_at), ("Cache-Control", "no-store")])
        else:
            content = JsonPage(history, self) if wanted.media == JSON else history
            # What was said once is never changed: the beginning of a log and its end tell which it is, and
            # whether there is anything behind it is all that may come.
            following = (self.following(history.through) or "").encode()
            tag = _tag(
                b"%b %d %d %b %b %b" % (lines, history.through, wanted.limit, *self._form(), following)
            )
        headers = [("ETag", tag), ("Cache-Control", self._cache_control()), _VARY, *self._place(ends_at)]
        if _is_known(self._request, tag):
            history.close()
            return Response(status=304, headers=headers)
        return Response(content, content_type=wanted.media, headers=[*headers, NOSNIFF])

    def _form(self) -> tuple[bytes, bytes]:
        return self._wanted.key.encode(), self._wanted.media.encode()

    def _place(self, ends_at: int | None) -> list[tuple[str, str]]:
        if ends_at is None:
            return []
        following = self.following(ends_at)
        link = [("Link", f'<{following}>; rel="next"')] if following else []
        return [(POSITION, str(ends_at)), *link]

    def _cache_control(self) -> str:
        """For how long it stays as it is: for ever, if it begins and ends in the midst of the log."""
        wanted, ends_at = self._wanted, self._history.ends_at
        if wanted.since.kind != "seq" or not wanted.limit or ends_at is None:
            return "no-cache"
        is_full = ends_at < self._last and ends_at > self._history.begins_at
        return f"private, max-age={FRESH}" if is_full else "no-cache"


def _tag(octets: bytes) -> str:
    """A strong entity tag for what is made of `octets`."""
    return f'"{blake2b(octets, digest_size=12).hexdigest()}"'


def _is_known(request: RequestHead, tag: str) -> bool:
    known = request.headers.get("if-none-match")
    return known is not None and matches(known, tag, weak=True)
