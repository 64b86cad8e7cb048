"""Channels: named, ordered, durable logs that anybody publishes to and reads from.

A function of yours needs :func:`publish`, :func:`publish_and_wait` and :func:`subscribe`.
"""

from protocols.channels.channel import Channel
from protocols.channels.errors import (
    ChannelError,
    RefusedError,
    StalledError,
    TooLargeError,
    UnavailableError,
    UnknownError,
)
from protocols.channels.functions import publish, publish_and_wait, subscribe
from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.settings import Settings

__all__ = [
    "Channel",
    "ChannelError",
    "Entry",
    "Message",
    "Receipt",
    "RefusedError",
    "Settings",
    "StalledError",
    "TooLargeError",
    "UnavailableError",
    "UnknownError",
    "publish",
    "publish_and_wait",
    "subscribe",
]
