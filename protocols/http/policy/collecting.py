"""A route that reads the content for one that wants it whole."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from protocols.handlers.coroutines import run
from protocols.http.contract import Answer, Draining, Route
from protocols.http.errors import HTTPError
from protocols.http.request import Request, StreamingRequest


class CollectingRoute:
    """Asks `inner` once the content is here.

    :param limit: bytes of the longest content; more is status 413.
    """

    streams = True

    def __init__(self, inner: Route, limit: int) -> None:
        self._inner = inner
        self._limit = limit
        self.methods = inner.methods
        self.subtree = inner.subtree

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        length = request.body.length
        if length == 0:
            return self._inner.respond(Request.of(request, b""), rest)
        if length is not None and length > self._limit:
            raise HTTPError(413, f"The content has more than {self._limit} bytes")
        content: bytes | Deferred[bytes] = run(request.body.whole(self._limit))
        if isinstance(content, Deferred):
            return content.addCallback(lambda whole: self._inner.respond(Request.of(request, whole), rest))
        return self._inner.respond(Request.of(request, content), rest)

    def drain(self) -> None:
        if isinstance(self._inner, Draining):
            self._inner.drain()

    def stop(self) -> None:
        self._inner.stop()
