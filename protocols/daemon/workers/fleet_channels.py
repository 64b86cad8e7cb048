"""What can be asked of the channels of a daemon of several processes: any of them knows what is kept."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from protocols.daemon.control.channel_messages import DeadLetter, NewMessage, Page, Piece, Published
from protocols.daemon.control.channel_operations import ChannelOperations
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import Outcome
from protocols.daemon.workers.fleet import Fleet


class FleetChannels:
    """:class:`ChannelOperations` of the processes of `fleet`: the first that serves is asked, since they
    share their stores."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def position(self, channel: str, since: str) -> Deferred[int]:
        return self._one().position(channel, since)

    def page(
        self, channel: str, after: int, most: int = 0, key: str = "", wait: float = 0.0
    ) -> Deferred[Page]:
        return self._one().page(channel, after, most, key, wait)

    def export(self, channel: str, after: int, through: int, key: str = "") -> Deferred[Piece]:
        return self._one().export(channel, after, through, key)

    def publish(self, channel: str, messages: Sequence[NewMessage]) -> Deferred[list[Published]]:
        return self._one().publish(channel, messages)

    def trim(self, channel: str, through: int) -> Deferred[Outcome]:
        return self._one().trim(channel, through)

    def rewind(self, channel: str, group: str, after: int) -> Deferred[Outcome]:
        return self._one().rewind(channel, group, after)

    def dead(self, channel: str, group: str = "", most: int = 0) -> Deferred[list[DeadLetter]]:
        return self._one().dead(channel, group, most)

    def retry(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        return self._one().retry(channel, group, letters)

    def drop(self, channel: str, group: str = "", letters: Sequence[int] = ()) -> Deferred[Outcome]:
        return self._one().drop(channel, group, letters)

    def _one(self) -> ChannelOperations:
        for _, operations in self._fleet.serving():
            return operations.channels
        raise OperationError("no process serves")
