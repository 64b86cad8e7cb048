"""How a carrier tells what stands below it how many messages it has cut out of the bytes it got.

A transport that wants to know has a method ``count_messages(number)``.  It is looked for by name, since what
wraps a transport hands on what it does not know itself, and only once a connection.
"""

from __future__ import annotations

from collections.abc import Callable

Feed = Callable[[bytes], list[bytes]]
"""From bytes that were read to the messages that are whole by them, as decoders do it."""


def counted(feed: Feed, transport: object) -> Feed:
    """`feed` itself or, where `transport` wants to know, one that tells it once for each read."""
    count_messages = getattr(transport, "count_messages", None)
    if count_messages is None:
        return feed

    def feed_and_count(data: bytes) -> list[bytes]:
        messages = feed(data)
        if messages:
            count_messages(len(messages))
        return messages

    return feed_and_count
