"""One epoll for two loops: what asyncio waits for and what Twisted waits for."""

from __future__ import annotations

import select
import selectors
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Events: TypeAlias = list[tuple[int, int]]
"""File descriptors and what epoll says of each."""

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


class SharedSelector(selectors.BaseSelector):
    """asyncio's view of an epoll that a reactor owns and polls.

    asyncio registers its files here as in any selector.  When it asks which of them are ready, the
    reactor polls, serves its own descriptors, and leaves the events that are not its own.

    :param poller: the reactor's epoll.
    :param turn: one turn of the reactor: waits so many seconds at most (``None``: as long as it takes)
        and returns the events of descriptors that are not the reactor's.
    """

    def __init__(self, poller: select.epoll, turn: Callable[[float | None], Events]) -> None:
        self._poller = poller
        self._turn = turn
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, _number(fileobj), events, data)
        if key.fd in self._keys:
            raise KeyError(f"{fileobj!r} is registered already")
        self._poller.register(key.fd, _mask(events))
        self._keys[key.fd] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self._keys.pop(self.get_key(fileobj).fd)
        try:
            self._poller.unregister(key.fd)
        except OSError:
            pass  # it is closed, which took it out of epoll
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        old = self.get_key(fileobj)
        if events != old.events:
            self._poller.modify(old.fd, _mask(events))
        self._keys[old.fd] = key = selectors.SelectorKey(fileobj, old.fd, events, data)
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = []
        for number, event in self._turn(timeout):
            key = self._keys.get(number)
            if key is None:
                continue
            # An error or a hang-up wakes whoever waits; reading or writing tells what it is.
            events = 0
            if event & ~_IN:
                events |= selectors.EVENT_WRITE
            if event & ~_OUT:
                events |= selectors.EVENT_READ
            events &= key.events
            if events:
                ready.append((key, events))
        return ready

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        try:
            key = self._keys.get(_number(fileobj))
        except ValueError:
            # A file that was closed has no number any more.
            key = next((key for key in self._keys.values() if key.fileobj is fileobj), None)
        if key is None:
            raise KeyError(f"{fileobj!r} is not registered")
        return key

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return _ByFile(self._keys, self.get_key)

    def close(self) -> None:
        """Forget what asyncio has registered; the epoll is the reactor's."""
        for key in list(self._keys.values()):
            self.unregister(key.fileobj)


class _ByFile(Mapping[Any, selectors.SelectorKey]):
    """The keys by their files, which may be given as numbers too."""

    def __init__(
        self, keys: Mapping[int, selectors.SelectorKey], find: Callable[[Any], selectors.SelectorKey]
    ) -> None:
        self._keys = keys
        self._find = find

    def __getitem__(self, fileobj: Any) -> selectors.SelectorKey:
        return self._find(fileobj)

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _number(fileobj: Any) -> int:
    number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
    if number < 0:
        raise ValueError(f"{fileobj!r} is closed")
    return int(number)


def _mask(events: int) -> int:
    if not events or events & ~(selectors.EVENT_READ | selectors.EVENT_WRITE):
        raise ValueError(f"a file cannot be watched for {events!r}")
    return (_IN if events & selectors.EVENT_READ else 0) | (_OUT if events & selectors.EVENT_WRITE else 0)
