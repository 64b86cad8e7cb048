"""The channels there are, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

from protocols.channels.channel import Channel
from protocols.channels.errors import UnknownError

T = TypeVar("T")


class Directory(Mapping[str, Channel]):
    """`channels`, by name; which of them a name stands for is asked each time, and may change."""

    def __init__(self, channels: Mapping[str, Channel] | None = None) -> None:
        self._channels: dict[str, Channel] = dict(channels or {})

    def __getitem__(self, name: str) -> Channel:
        """The channel of that name.  Raises :class:`~protocols.channels.errors.UnknownError`."""
        found = self._channels.get(name)
        if found is None:
            raise UnknownError(f"there is no channel {name!r}")
        return found

    @overload
    def get(self, name: str, /) -> Channel | None: ...

    @overload
    def get(self, name: str, /, default: Channel | T) -> Channel | T: ...

    def get(self, name: str, /, default: Channel | T | None = None) -> Channel | T | None:
        """The channel of that name, or `default`."""
        return self._channels.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, name: object) -> bool:
        return name in self._channels

    def replace(self, channels: Mapping[str, Channel]) -> None:
        """From now on there are these."""
        self._channels = dict(channels)


HERE = Directory()
"""Those of this process, which functions publish to and read from."""
