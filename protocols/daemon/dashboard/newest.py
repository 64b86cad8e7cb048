"""The newest messages of a channel, as a page lists them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from twisted.internet.defer import Deferred, inlineCallbacks

from protocols.daemon.control.channel_messages import Page, StoredMessage
from protocols.daemon.control.channel_operations import ChannelOperations

NEWEST: Final = 25
"""Messages that are listed: what is looked at, and little to ask for again and again."""


@inlineCallbacks
def newest(channels: ChannelOperations, name: str) -> Generator[Deferred[Any], Any, list[StoredMessage]]:
    """The last messages of the channel `name`, up to :data:`NEWEST`, in their order."""
    last: int = yield channels.position(name, "new")
    position = max(0, last - NEWEST)
    found: list[StoredMessage] = []
    while position < last and len(found) < NEWEST:
        page: Page = yield channels.page(name, position, NEWEST - len(found))
        found += page.messages
        position = page.position
    return found
