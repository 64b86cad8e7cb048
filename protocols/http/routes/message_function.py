"""A route that calls a function with the message that was posted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.codec.json_codec import encode_json
from protocols.handlers import FunctionHandler
from protocols.handlers.items import items_of
from protocols.handlers.processes import Replies
from protocols.handlers.task import Task
from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.generated import ItemsSource
from protocols.http.routes.labelled import Labelled, LabellingCodec, media_type_of
from protocols.journal import Journal

NDJSON = "application/x-ndjson"
"""One JSON text per line: what a function that yields answers with where it speaks JSON."""

MAYBE_JSON: Final = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/json",
        "text/plain",
    }
)
"""What clients call JSON: its own type, what clients say that do not know, and what ``curl -d`` says."""


class MessageFunctionRoute:
    """Answers a POST by calling a function with its body, as it would a message of any other carrier.

    ``None`` is status 204, a value a response of its codec's type; what a generator yields is sent as
    it comes: in JSON one item per line, else one after the other.

    Raises :class:`TypeError` for a function that wants a whole conversation: HTTP has none.
    """

    methods = ("POST",)
    subtree = False
    streams = False

    def __init__(self, handler: FunctionHandler, journal: Journal) -> None:
        if handler.signature.kind == "conversation":
            raise TypeError(f"{handler.name} holds a conversation, which needs a stream; HTTP asks once")
        self._handler = handler
        self._journal = journal
        self._codec = handler.codec
        # Results that threads encode come back with their kind; the route owns its handler.
        handler.codec = LabellingCodec(handler.codec)
        self._encode_item = encode_line if self._codec.name == "json" else self._codec.encode
        self._streamed = NDJSON if self._codec.name == "json" else self._codec.content_type

    def respond(self, request: Request, rest: str) -> Response | Deferred[Response]:
        self._check_type(request)
        outcome = self._handler.bind(request.peer)(request.body)
        respond = self._responder(request)
        if isinstance(outcome, Deferred | Task):
            return self._handler.limited(outcome).addCallback(respond)
        return respond(outcome)

    def stop(self) -> None:
        """End the function's threads or processes."""
        self._handler.stop()

    def _check_type(self, request: Request) -> None:
        if self._codec.name != "json":
            return
        media = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
        if media and media not in MAYBE_JSON and not media.endswith("+json"):
            raise HTTPError(415, "This takes JSON", {"Accept-Post": "application/json"})

    def _responder(self, request: Request) -> Callable[[Any], Response]:
        def report(error: BaseException) -> None:
            self._journal.failed(request.peer, error)

        def respond(value: Any) -> Response:
            if value is None:
                return Response(status=204)
            if isinstance(value, Generator | AsyncGenerator):
                items = items_of(value, self._encode_item, self._handler, report)
                return Response(ItemsSource(items), content_type=self._streamed)
            if type(value) is Replies:
                return self._from_process(value)
            made = value if type(value) is Labelled else self._handler.codec.encode(value)
            assert type(made) is Labelled
            return Response(bytes(made), content_type=made.content_type)

        return respond

    def _from_process(self, replies: Replies) -> Response:
        """The encoded replies of another process, which does not tell what they were made of."""
        if self._handler.signature.kind == "generator" or len(replies) > 1:
            joined = b"".join(map(self._encode_item, replies))
            return Response(joined, content_type=self._streamed)
        if not replies:
            return Response(status=204)
        kind = getattr(self._handler.function, "__annotations__", {}).get("return", object)
        kind = {"str": str, "bytes": bytes}.get(kind, kind) if isinstance(kind, str) else kind
        return Response(replies[0], content_type=media_type_of(kind, self._codec))


def encode_line(item: object) -> bytes:
    """`item` as a line of JSON; bytes are taken to be JSON already."""
    return (item if isinstance(item, bytes) else encode_json(item)) + b"\n"
