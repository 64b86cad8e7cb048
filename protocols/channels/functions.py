"""What functions do with channels: publish to them, and read them.

::

    from protocols.channels import publish, subscribe

    async def price(order: Order) -> Price:
        await publish("orders", order)
        ...

    async def watch(connection: Conversation) -> None:
        async for message in subscribe("orders", since="last"):
            await connection.send(message.body)

All of them raise :class:`~protocols.channels.errors.UnknownError` for a channel that is not in the
configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from twisted.python.threadable import isInIOThread

from protocols.channels.directory import HERE
from protocols.channels.errors import UnknownError
from protocols.channels.groups import GroupReading
from protocols.channels.message import Entry, Headers, Receipt
from protocols.channels.reading import Reading
from protocols.channels.since import Since
from protocols.codec import codec_for

JSON = codec_for(Any, "json")


def publish(
    channel: str,
    value: object,
    *,
    key: str = "",
    id: str = "",  # noqa: A002 - what it is called wherever messages are published
    content_type: str = "",
    headers: Headers = (),
) -> Deferred[Receipt]:
    """Publish `value`: ``bytes`` and ``str`` as they are, anything else as JSON.

    :param id: names the message, so that saying it twice publishes it once.

    The receipt comes once the message is durable; it fails with what :meth:`Channel.publish
    <protocols.channels.channel.Channel.publish>` raises.
    """
    if not isInIOThread():
        raise RuntimeError("in a thread, it is publish_and_wait that publishes")
    if isinstance(value, bytes):
        body = value
    elif isinstance(value, str):
        body = value.encode()
    else:
        body = JSON.encode(value)
        content_type = content_type or JSON.content_type
    entry = Entry(body, key, id, "", content_type, headers)
    return HERE[channel].publish_later([entry]).addCallback(_first)


def publish_and_wait(channel: str, value: object, **named: Any) -> Receipt:
    """:func:`publish`, for functions that run in a thread: it returns once the message is durable.

    Raises :class:`RuntimeError` in the reactor's thread, where nothing would go on while it waits.
    """
    if isInIOThread():
        raise RuntimeError("only functions in a thread can wait; elsewhere, it is `await publish(…)`")
    reactor = HERE[channel].clock
    receipt: Receipt = blockingCallFromThread(reactor, publish, channel, value, **named)  # type: ignore[arg-type]
    return receipt


@overload
def subscribe(channel: str, *, since: str = "new", key: str = "") -> Reading: ...


@overload
def subscribe(channel: str, *, group: str, inflight: int = 1) -> GroupReading: ...


def subscribe(
    channel: str, *, since: str = "new", key: str = "", group: str = "", inflight: int = 1
) -> Reading | GroupReading:
    """The messages of `channel`, for ``async for``.

    :param since: where to begin (:class:`~protocols.channels.since.Since`).
    :param key: only messages of that key.
    :param group: only messages that no other member of this group has; going on to the next settles the one
        before (:class:`~protocols.channels.groups.GroupReading`).
    :param inflight: messages of the group that this one has at a time: more for one that deals with them
        faster than a store hands them out, and long before their deadline.

    Raises :class:`ValueError` for an `inflight` that is less than 1.
    """
    if not isInIOThread():
        raise RuntimeError("only coroutines can subscribe, not functions in a thread")
    if inflight < 1:
        raise ValueError(f"inflight is {inflight}, and has to be 1 or more")
    if not group:
        return Reading(HERE[channel], Since.parse(since), key)
    found = HERE[channel].groups.get(group)
    if found is None:
        raise UnknownError(f"there is no group {group!r} of the channel {channel!r}")
    return GroupReading(found, inflight)


def _first(receipts: Sequence[Receipt]) -> Receipt:
    return receipts[0]
