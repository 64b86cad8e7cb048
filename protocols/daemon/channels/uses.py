"""The channels that one service uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from twisted.internet.defer import Deferred

from protocols.channels.channel import Channel
from protocols.daemon.channels.kept import Kept


class ChannelUses:
    """Gives channels out to what a service is made of.

    :param kept: the channels, by name.
    :param stops: the service's; gets what ends each use.
    """

    def __init__(self, kept: Mapping[str, Kept], stops: list[Callable[[], Deferred[None] | None]]) -> None:
        self._kept = kept
        self._stops = stops

    def longest(self, names: Iterable[str]) -> int:
        """The longest body that one of the channels `names` takes, in bytes."""
        return max(self._kept[name].channel.settings.message for name in names)

    def channel(self, name: str) -> Channel:
        """The channel `name`, which stays open as long as the service has connections."""
        kept = self._kept[name]
        self._stops.append(kept.lease())
        return kept.channel
