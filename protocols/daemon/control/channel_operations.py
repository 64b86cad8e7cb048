"""What can be asked of the channels of a daemon that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from twisted.internet.defer import Deferred

from protocols.daemon.control.channel_messages import DeadLetter, NewMessage, Page, Piece, Published
from protocols.daemon.control.status import Outcome

WAIT: Final = 30.0
"""Seconds that somebody may wait for a message that has not come yet."""


class ChannelOperations(Protocol):
    """The same of one process that serves, and of the first process, which asks one of its workers.

    Each method fails with :class:`~protocols.daemon.control.operations.OperationError` where there is no such
    channel or group, or its store does not do what is asked.
    """

    def position(self, channel: str, since: str) -> Deferred[int]:
        """The sequence number behind which somebody begins to read who says so
        (:class:`~protocols.channels.since.Since`)."""

    def page(
        self, channel: str, after: int, most: int = 0, key: str = "", wait: float = 0.0
    ) -> Deferred[Page]:
        """The next messages behind `after`.

        :param most: how many; 0: as many as are read at a time.
        :param key: only those with that key.
        :param wait: seconds to wait for one if there is none, :data:`WAIT` at most.
        """

    def export(self, channel: str, after: int, through: int, key: str = "") -> Deferred[Piece]:
        """The next piece of the history behind `after` and up to `through`."""

    def publish(self, channel: str, messages: Sequence[NewMessage]) -> Deferred[list[Published]]:
        """Publish `messages`, all or none; says so once they are durable."""

    def trim(self, channel: str, through: int) -> Deferred[Outcome]:
        """Forget everything up to `through`."""

    def rewind(self, channel: str, group: str, after: int) -> Deferred[Outcome]:
        """Have everything behind `after` handed out once more."""

    def dead(self, channel: str, group: str = "", most: int = 0) -> Deferred[list[DeadLetter]]:
        """The dead letters of the groups of `channel`, or of `group`, that nobody has dealt with; the oldest
        first.

        :param most: how many; 0: as many as are listed at a time.
        """

    def retry(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        """Publish in `channel` once more what lies there as dead `letters`, by their own sequence numbers
        (all of them, unless some are named), and be done with them."""

    def drop(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        """Be done with them, whatever they were."""
