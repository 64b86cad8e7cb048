"""How the processes that share a file hear of one another.

The bell is a file without content beside the store's.  Whoever listens holds a lock on it, for others to see
that somebody does, and whoever has published opens and closes it, which inotify(7) tells those who listen.

Where several write, they wait for one another at the bell, with a lock of another kind: the kernel lets the
next go on soon, where SQLite would sleep for ever longer times, and with bad luck for a second.  It is a
courtesy: what is written is safe without it, by the locks of SQLite.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from twisted.internet.interfaces import IDelayedCall

from protocols.channels.sqlite.database import BUSY
from protocols.inotify import IN_CLOSE_WRITE, IN_DELETE_SELF, Inotify

T = TypeVar("T")

EVERY: Final = 1.0
"""Seconds between two looks without having heard anything: after the bell was removed, or where another
system shares the folder."""

DEAF: Final = 0.1
"""Seconds between two looks where there is no inotify."""

AGAIN: Final = 0.0001
"""Seconds until it is tried again to be alone: little beside a commit that the disk is waited for."""

_LOCK: Final = "hhqqi"
"""``struct flock`` of fcntl(2) on Linux: what kind of lock, from where on, where, how long, and whose."""


class Bell:
    """The bell at `file`; `heard` is called when others may have published.

    :param notify: makes what hears the kernel.
    """

    def __init__(
        self,
        file: Path,
        heard: Callable[[], object],
        *,
        reactor: Any,
        notify: Callable[[Any, Callable[[], object], int], Inotify] = Inotify,
    ) -> None:
        self._file = file
        self._heard = heard
        self._reactor = reactor
        self._notify = notify
        self._inotify: Inotify | None = None
        self._descriptor = -1
        self._waited_in_vain = False  # whether another did not let go for so long that nobody waits for it
        self._next: IDelayedCall | None = None

    def hang_up(self) -> None:
        """Be seen by others from now on.  May wait for the disk; raises :class:`OSError`."""
        self._descriptor = os.open(self._file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if hasattr(fcntl, "F_OFD_SETLK"):
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _lock(fcntl.F_RDLCK))

    def listen(self) -> None:
        """Hear what others ring."""
        try:
            self._inotify = self._notify(self._reactor, self._heard, IN_CLOSE_WRITE | IN_DELETE_SELF)
        except OSError:
            self._inotify = None  # it is looked more often instead
        self._look()

    def alone(self, function: Callable[[], T]) -> T:
        """What `function` makes; others do not write meanwhile.  May wait for them, but for :data:`BUSY` at
        most: one that is stopped while it writes must not stop the others."""
        if not self._somebody_listens():
            return function()
        until = time.monotonic() + (0.0 if self._waited_in_vain else BUSY)
        while not (is_alone := self._try()) and time.monotonic() < until:
            time.sleep(AGAIN)
        self._waited_in_vain = not is_alone
        try:
            return function()
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def ring(self) -> None:
        """Tell the others, if there are any.  May wait for the disk."""
        try:
            if self._somebody_listens():
                os.close(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError:
            pass  # they look from time to time

    def stop(self) -> None:
        """Hear nothing more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._inotify is not None:
            self._inotify.stop()
            self._inotify = None

    def take_down(self) -> None:
        """Be seen no longer; after this it does not ring."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _try(self) -> bool:
        """Be alone from now on, if nobody else is."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _somebody_listens(self) -> bool:
        """Whether there are others, as far as can be known."""
        if self._descriptor < 0:
            return False
        if not hasattr(fcntl, "F_OFD_GETLK"):
            return True
        found = fcntl.fcntl(self._descriptor, fcntl.F_OFD_GETLK, _lock(fcntl.F_WRLCK))
        return bool(struct.unpack(_LOCK, found)[0] != fcntl.F_UNLCK)

    def _look(self) -> None:
        if self._inotify is not None:
            try:
                # It may be another file by now.
                self._inotify.watch([self._file])
            except OSError:
                self._inotify.stop()
                self._inotify = None
        self._next = self._reactor.callLater(EVERY if self._inotify is not None else DEAF, self._look)
        self._heard()


def _lock(kind: int) -> bytes:
    return struct.pack(_LOCK, kind, os.SEEK_SET, 0, 0, 0)
