"""A route whose answers go into a channel."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.channels.channel import Channel
from protocols.channels.errors import TooLargeError
from protocols.http.contract import Answer, Route
from protocols.http.response import Response
from protocols.http.routes.channel.bulk import Bulk
from protocols.http.routes.channel.entry_lines import body_entry
from protocols.http.routes.channel.publication import LINES, name_of, publish_one
from protocols.http.routes.channel.refusals import refusal
from protocols.http.source import Source

SAFE: Final = frozenset({"GET", "HEAD"})
"""Methods that change nothing (RFC 9110, section 9.2.1), so they publish nothing."""


class PublishedAnswers:
    """The route `inner`, of a function, whose answers are published to `channel`, and not sent: the client is
    told its seq, as any publisher is, and not where to read it, which is not here.

    A function that yields publishes each item.  What is no success, and an answer without content, is the
    answer.

    Raises :class:`ValueError` for a route that answers nothing but GET and HEAD.
    """

    subtree = False

    def __init__(self, inner: Route, channel: Channel) -> None:
        self.methods = tuple(method for method in inner.methods if method not in SAFE)
        if not self.methods:
            raise ValueError("what a GET asks for is not published; the function needs another method")
        self.streams = inner.streams
        self.inner = inner
        self._channel = channel

    def respond(self, request: Any, rest: str) -> Answer | Deferred[Any]:
        outcome = self.inner.respond(request, rest)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda answer: self._answered(request, answer))
        return self._answered(request, outcome)

    def stop(self) -> Deferred[None] | None:
        """Stop the route within."""
        return self.inner.stop()

    def _answered(self, request: Any, answer: Answer) -> Answer | Deferred[Response]:
        if not isinstance(answer, Response) or answer.status >= 300 or answer.content == b"":
            return answer
        return Deferred.fromCoroutine(self._publish(request, answer, answer.content))

    async def _publish(self, request: Any, answer: Response, content: bytes | Source) -> Response:
        media = answer.content_type or ""
        if isinstance(content, bytes):
            return await publish_one(self._channel, request, content, media, reads=False)
        try:
            if media in LINES:
                name = name_of(request)
                bulk = Bulk(self._channel, request, body_entry, key="", name=name, reads=False)
                return await bulk.publish(content)
            body = await _whole(content, self._channel.settings.message)
            return await publish_one(self._channel, request, body, media, reads=False)
        finally:
            content.close()


async def _whole(content: Source, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = content.read()
        if isinstance(piece, Deferred):
            piece = await piece
        if piece is None:
            return b"".join(pieces)
        size += len(piece)
        if size > most:
            raise refusal(TooLargeError(f"a message of over {most} bytes is not taken here"))
        pieces.append(piece)
