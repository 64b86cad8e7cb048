"""From what a function gives to a response."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

from protocols.codec import Codec
from protocols.codec.json_codec import encode_json
from protocols.handlers.items import Runtime, items_of
from protocols.handlers.processes import Replies
from protocols.http.response import Response
from protocols.http.routes.generated import ItemsSource
from protocols.http.routes.labelled import Labelled, LabellingCodec, media_type_of
from protocols.journal import Journal
from protocols.session import Peer

NDJSON = "application/x-ndjson"
"""One JSON text per line: what a function that yields answers with where it speaks JSON."""


class Results:
    """Makes responses of results: ``None`` is status 204, a :class:`~protocols.http.Response` is itself,
    bytes and text are what they are, any other value a response of the codec's type; what a generator yields
    is sent as it comes, in JSON one item per line, else one after the other.

    :param runtime: where the function runs.
    :param result: the type of the result, for what other processes have made.
    :param yields: whether the function is a generator.
    """

    def __init__(
        self, codec: Codec, journal: Journal, runtime: Runtime, *, result: object, yields: bool
    ) -> None:
        self.codec = LabellingCodec(codec)
        """Encodes results together with their types; in threads, where they are made."""
        self._inner = codec
        self._journal = journal
        self._runtime = runtime
        self._result = result
        self._yields = yields
        self._encode_item = encode_line if codec.name == "json" else codec.encode
        self._streamed = NDJSON if codec.name == "json" else codec.content_type

    def response(self, value: Any, peer: Peer) -> Response:
        """What tells `peer` of `value`."""
        if type(value) is not Labelled:
            if value is None:
                return Response(status=204)
            if isinstance(value, Response):
                return value
            if isinstance(value, Generator | AsyncGenerator):
                return self._generated(value, peer)
            if type(value) is Replies:
                return self._from_process(value)
            value = self.codec.encode(value)
        return Response(bytes(value), content_type=value.content_type)

    def _generated(self, value: Generator[Any] | AsyncGenerator[Any], peer: Peer) -> Response:
        def report(error: BaseException) -> None:
            self._journal.failed(peer, error)

        items = items_of(value, self._encode_item, self._runtime, report)
        return Response(ItemsSource(items), content_type=self._streamed)

    def _from_process(self, replies: Replies) -> Response:
        """The encoded replies of another process, which does not tell what they were made of."""
        if self._yields or len(replies) > 1:
            joined = b"".join(map(self._encode_item, replies))
            return Response(joined, content_type=self._streamed)
        if not replies:
            return Response(status=204)
        return Response(replies[0], content_type=media_type_of(self._result, self._inner))


def encode_line(item: object) -> bytes:
    """`item` as a line of JSON; bytes are taken to be JSON already."""
    return (item if isinstance(item, bytes) else encode_json(item)) + b"\n"
