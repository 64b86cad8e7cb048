"""Those to whom messages are passed on, over reloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, succeed

from protocols.daemon.channels.kept import Kept
from protocols.daemon.spec.channel_forward import ChannelForwardSpec

Key: TypeAlias = tuple[str, str]
"""The name of a channel, and that of one of its forwards."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A forward as it should be."""

    spec: ChannelForwardSpec
    kept: Kept


class Forwards:
    """The forwards of all channels."""

    def __init__(self) -> None:
        self._running: dict[Key, Wanted] = {}

    def change(self, wanted: Mapping[Key, Wanted]) -> None:
        """These are to be there from now on."""
        self._running = dict(wanted)

    def stop(self) -> Deferred[Any]:
        """None any more; fires when each has finished what it was about."""
        self._running = {}
        return succeed(None)
