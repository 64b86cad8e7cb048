"""What the TLS of a service needs from time to time: new files read, keys renewed, warnings given."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.guard.tls.server import ServerTLS
from protocols.guard.tls.staple import now

LOOK = 5.0
"""Seconds between two looks at the files, each of which costs some microseconds."""

TICKET_KEYS = 12 * 60 * 60.0
"""Seconds for which the keys of tickets are used: with them, the past of TLS 1.2 connections can be read."""

WARN = 24 * 60 * 60.0
"""Seconds between two warnings of what should be seen to, such as a certificate that runs out."""

_Signs = tuple[tuple[int, int, int] | None, ...]


class Upkeep:
    """Looks after `tls` while it is served."""

    def __init__(
        self,
        tls: ServerTLS,
        clock: IReactorTime,
        moment: Callable[[], datetime] = now,
    ) -> None:
        self._tls = tls
        self._clock = clock
        self._moment = moment
        self._call: IDelayedCall | None = None
        self._read = _signs(tls)
        """What the files looked like when they were read."""
        self._seen = self._read
        """What they looked like a moment ago."""
        self._renew_at = self._warn_at = 0.0

    def start(self) -> None:
        if self._call is None:
            self._warn_at = self._clock.seconds()
            self._renew_at = self._warn_at + TICKET_KEYS
            self._warn()
            self._call = self._clock.callLater(LOOK, self._look)

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def reload(self) -> bool:
        """Read the files now, whether they have changed or not: whether what they hold is served."""
        self._read = self._seen = _signs(self._tls)
        return self._tls.reload()

    def _look(self) -> None:
        self._call = self._clock.callLater(LOOK, self._look)
        signs = _signs(self._tls)
        # A certificate and its key are two files: they are read once both have been at rest for a while.
        if signs != self._read and signs == self._seen:
            self._read = signs
            self._tls.reload()
        self._seen = signs
        if self._clock.seconds() >= self._renew_at:
            self._renew_at += TICKET_KEYS
            self._tls.renew_ticket_keys()
        self._warn()

    def _warn(self) -> None:
        if self._clock.seconds() >= self._warn_at:
            self._warn_at += WARN
            self._tls.warn(self._moment())


def _signs(tls: ServerTLS) -> _Signs:
    """What shows that one of the files has changed."""
    return tuple(_sign(file) for file in tls.files())


def _sign(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - a fifth of the time of Path.stat
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
