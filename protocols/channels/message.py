"""What a channel holds, before and after it has its place there."""

from __future__ import annotations

from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]


class Entry(NamedTuple):
    """What is published: a message without its place."""

    body: bytes
    key: str = ""
    """What it is about, such as a device: readers may ask for one key only."""
    id: str = ""
    """A name that its publisher gives it, so that saying it twice publishes it once; empty: none."""
    sender: str = ""
    """Who published it: the identity of a peer, or where it came from (``str(Peer)``)."""
    content_type: str = ""
    """The media type of :attr:`body`; empty: nobody has said."""
    headers: Headers = ()
    """What else is known of it, by name: where a dead letter comes from, above all."""


class Message(NamedTuple):
    """What a channel holds."""

    seq: int
    """Its place: 1 is the first of the channel, and there are no gaps until something is trimmed."""
    time: int
    """When it was taken, in milliseconds since the epoch."""
    body: bytes
    key: str = ""
    id: str = ""
    sender: str = ""
    content_type: str = ""
    headers: Headers = ()


class Receipt(NamedTuple):
    """What a publisher is told, once its message is as durable as the channel promises."""

    seq: int
    is_new: bool = True
    """Whether it was published now; else :attr:`seq` is that of the message with the same id."""
