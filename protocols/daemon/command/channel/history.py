"""Reading what a channel holds, page by page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from protocols.daemon.command.daemon_client import DaemonClient
    from protocols.daemon.control.channel_messages import Page, StoredMessage

WAIT: Final = 5.0
"""Seconds that the daemon waits for a message before it says that there was none: short of those after which
one that does not answer is taken for one that stands still."""

FURTHER: Final = 8
"""How many times further back is looked where the newest messages have not enough of a key."""


class History:
    """The messages of the channel `name`, or those with `key`, as the daemon behind `client` has them."""

    def __init__(self, client: DaemonClient, name: str, key: str = "") -> None:
        self._client = client
        self._name = name
        self._key = key

    def position(self, since: str) -> int:
        """The sequence number behind which somebody begins who says so."""
        found: int = self._client.call("channel_position", channel=self._name, since=since)
        return found

    def page(self, after: int, wait: float = 0.0) -> Page:
        """The next messages behind `after`."""
        from protocols.daemon.control.channel_messages import Page

        found = self._client.call("channel_page", channel=self._name, after=after, key=self._key, wait=wait)
        return Page.model_validate(found)

    def behind(self, after: int, through: int) -> Iterator[StoredMessage]:
        """The messages behind `after` and up to `through`."""
        while after < through:
            page = self.page(after)
            for message in page.messages:
                if message.seq > through:
                    return
                yield message
            after = page.position

    def newest(self, count: int) -> tuple[list[StoredMessage], int]:
        """The last `count` messages, and the last there is, with whatever key."""
        found: deque[StoredMessage] = deque(maxlen=count)
        last = self.position("new")
        reach = count
        while count:
            after = max(0, last - reach)
            found.clear()
            found.extend(self.behind(after, last))
            if len(found) == count or after < self.page(last).first:
                break
            reach *= FURTHER
        return list(found), last

    def following(self, after: int) -> Iterator[Page]:
        """What comes behind `after`, for as long as somebody wants it."""
        while True:
            page = self.page(after, WAIT)
            yield page
            after = page.position
