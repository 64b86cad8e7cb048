"""What a client publishes."""

from __future__ import annotations

from typing import Final

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError
from protocols.channels.message import Entry
from protocols.channels.sender import sender_of
from protocols.codec import DecodeError, Fault
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead, StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.channel.bulk import Bulk
from protocols.http.routes.channel.entry_lines import body_entry, message_entry
from protocols.http.routes.channel.refusals import refusal
from protocols.http.routes.channel.told import published, receipt_response

LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
"""Media types of content that is many messages, one on a line."""

IDEMPOTENCY_KEY: Final = "idempotency-key"
"""The header field that names a message, so that sending it again publishes it once
(draft-ietf-httpapi-idempotency-key-header)."""


async def publication(channel: Channel, request: StreamingRequest, *, reads: bool) -> Response:
    """Publish the content of `request`: as one message, or its lines, each a body of JSON or, with
    ``format=message``, a message.

    :param reads: whether it can be read there.

    Raises :class:`HTTPError` and :class:`DecodeError`.
    """
    _check_coding(request)
    # Between its parts there may be tabs (RFC 9110, section 5.6.6), which a channel does not keep.
    said = (request.headers.get("content-type") or "").replace("\t", " ")
    form = request.query.get("format") or "body"
    if form not in ("body", "message"):
        raise DecodeError.invalid(
            Fault("/query/format", f"format is body or message, and not {form!r}", "value_error")
        )
    key = request.query.get("key") or ""
    if said.partition(";")[0].strip().lower() in LINES:
        make = message_entry if form == "message" else body_entry
        bulk = Bulk(channel, request, make, key=key, name=name_of(request), reads=reads)
        return await bulk.publish(request.body)
    if form == "message":
        raise HTTPError(
            415,
            "format=message is for lines: application/x-ndjson",
            {"Accept-Post": ", ".join(sorted(LINES))},
        )
    body = await _whole(request, channel.settings.message)
    return await publish_one(channel, request, body, said, key, reads=reads)


async def publish_one(
    channel: Channel,
    request: RequestHead,
    body: bytes,
    content_type: str,
    key: str = "",
    *,
    reads: bool,
) -> Response:
    """Publish `body`, and say where it is if it can be read there (`reads`).

    Raises :class:`HTTPError` and :class:`DecodeError`.
    """
    entry = Entry(body, key, name_of(request), sender_of(request.peer), content_type)
    try:
        (receipt,) = await published(channel, [entry])
    except ChannelError as error:
        raise refusal(error) from error
    return receipt_response(request, receipt, reads=reads)


def name_of(request: RequestHead) -> str:
    """What the client calls what it publishes: a quoted string (RFC 8941, section 3.3.3), or bare."""
    said = (request.headers.get(IDEMPOTENCY_KEY) or "").strip()
    if len(said) > 1 and said[0] == said[-1] == '"':
        return said[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return said


async def _whole(request: StreamingRequest, most: int) -> bytes:
    length = request.body.length
    if length is not None and length > most:
        # Before a client that asks whether to send it is told to.
        raise HTTPError(413, f"A message has not more than {most} bytes here")
    return await request.body.whole(most)


def _check_coding(request: RequestHead) -> None:
    coding = (request.headers.get("content-encoding") or "identity").strip().lower()
    if coding != "identity":
        # RFC 9110, section 15.5.16
        raise HTTPError(415, "The content is to come without a coding", {"Accept-Encoding": "identity"})
