"""What a publisher is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError
from protocols.channels.message import Entry, Receipt
from protocols.http.request import RequestHead
from protocols.http.response import JSON, Response
from protocols.http.target import encode_path


async def published(channel: Channel, entries: Sequence[Entry]) -> Sequence[Receipt]:
    """Publish `entries`; raises what :meth:`Channel.publish <protocols.channels.channel.Channel.publish>`
    does."""
    receipts: Sequence[Receipt] = await shielded(channel.publish_later(entries))
    return receipts


def shielded(outcome: Deferred[Any]) -> Deferred[Any]:
    """`outcome`, for somebody who may leave: that ends the waiting, and not what is under way."""
    waiting: Deferred[Any] = Deferred(lambda _: None)
    outcome.addCallbacks(_tell, _tell_failure, callbackArgs=(waiting,), errbackArgs=(waiting,))
    return waiting


def _tell(value: object, waiting: Deferred[Any]) -> None:
    if not waiting.called:
        waiting.callback(value)


def _tell_failure(failure: Failure, waiting: Deferred[Any]) -> Failure | None:
    if not waiting.called:
        waiting.errback(failure)
        return None
    return None if failure.check(ChannelError) else failure


def receipt_response(request: RequestHead, receipt: Receipt, *, reads: bool) -> Response:
    """The message has its place: 201 and where it is, or 200 if it was there already.

    :param reads: whether what `request` asks for can be read there, too.
    """
    seq, is_new = receipt
    place = place_of(request, seq, 1) if reads else ()
    if is_new:
        return Response(b'{"seq":%d}\n' % seq, 201, JSON, place)
    return Response(b'{"seq":%d,"new":false}\n' % seq, 200, JSON, place)


def place_of(request: RequestHead, first: int, count: int) -> tuple[tuple[str, str]]:
    """The header field that says where to read `count` messages from the seq `first` on."""
    return (("Location", f"{encode_path(request.path)}?since={first - 1}&limit={count}"),)
