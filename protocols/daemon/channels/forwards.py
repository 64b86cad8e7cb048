"""Those to whom messages are passed on, over reloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.forward import Forward
from protocols.daemon.channels.kept import Kept
from protocols.daemon.spec.channel_forward import ChannelForwardSpec

log = Logger(namespace="polyport")

Key: TypeAlias = tuple[str, str]
"""The name of a channel, and that of one of its forwards."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A forward as it should be; equal where it can stay as it is."""

    spec: ChannelForwardSpec
    files: tuple[tuple[Path, str], ...]
    """The digest of each file that it reads."""
    kept: Kept
    """The channel."""
    dead: Kept | None
    """The channel of its dead letters."""


Make: TypeAlias = Callable[[str, Wanted], Forward]
"""Makes the forward of that name; raises :class:`ValueError` and :class:`OSError`."""


@dataclass(slots=True)
class _Running:
    wanted: Wanted
    forward: Forward
    releases: list[Callable[[], object]]
    has_started: bool = False


class Forwards:
    """The forwards of all channels."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._running: dict[Key, _Running] = {}
        self._ending: dict[Key, Deferred[Any]] = {}

    @property
    def running(self) -> dict[Key, Forward]:
        """Those that pass on messages."""
        return {key: running.forward for key, running in self._running.items()}

    def change(self, wanted: Mapping[Key, Wanted]) -> Deferred[Any]:
        """These are to be there from now on; fires when those that are to be no more have ended.

        One that takes the place of another begins when that has finished what was on its way.
        """
        for key in [key for key, running in self._running.items() if wanted.get(key) != running.wanted]:
            self._end(key)
        for key, one in wanted.items():
            if key not in self._running:
                self._begin(key, one)
        return DeferredList(list(self._ending.values()), consumeErrors=True)

    def stop(self) -> Deferred[Any]:
        """None any more; fires when each has finished what was on its way."""
        return self.change({})

    def _begin(self, key: Key, wanted: Wanted) -> None:
        try:
            forward = self._make(key[1], wanted)
        except (OSError, ValueError) as error:
            # A file may have gone since the configuration was checked.
            log.error("channel {channel}: forward {name}: {error}", channel=key[0], name=key[1], error=error)
            return
        used = [wanted.kept, *([] if wanted.dead is None else [wanted.dead])]
        running = _Running(wanted, forward, [one.lease() for one in used])
        self._running[key] = running
        before = self._ending.get(key, succeed(None))
        before.addCallback(lambda _: self._start(key, running))

    def _start(self, key: Key, running: _Running) -> None:
        if self._running.get(key) is running:
            running.has_started = True
            running.forward.start()

    def _end(self, key: Key) -> None:
        running = self._running.pop(key)
        before = self._ending.get(key, succeed(None))
        stopped = maybeDeferred(running.forward.stop) if running.has_started else succeed(None)
        ended: Deferred[Any] = DeferredList([before, stopped.addErrback(self._not_ended, key)])
        self._ending[key] = ended
        ended.addCallback(lambda _: self._ended(key, ended, running))

    def _ended(self, key: Key, ended: Deferred[Any], running: _Running) -> None:
        if self._ending.get(key) is ended:
            del self._ending[key]
        for release in running.releases:
            release()

    def _not_ended(self, failure: Failure, key: Key) -> None:
        log.failure("channel {channel}: forward {name}", failure=failure, channel=key[0], name=key[1])
