"""The kernel's word that something has happened to a file, or in a directory (inotify(7)).

Twisted's own ``INotify`` ends altogether when one of its directories goes, which is what happens where a new
version is put in the place of an old one; and it starts a program to find the C library.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

IN_CLOSE_WRITE: Final = 0x008
IN_MOVED: Final = 0x0C0
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_DELETE_SELF: Final = 0x400
IN_MOVE_SELF: Final = 0x800
IN_ONLYDIR: Final = 0x0100_0000

MEANT: Final = IN_CLOSE_WRITE | IN_MOVED | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
"""What is told of directories.  Not each write: a log in one would be heard of all the time."""

FLAGS: Final = os.O_NONBLOCK | os.O_CLOEXEC
READ: Final = 64 * 1024
"""Bytes of events at a time; what they say is not looked at."""


@implementer(IReadDescriptor)
class Inotify:
    """Calls `happened` when something has been written, made, renamed or removed in one of the directories.

    :param meant: what else it is that is told (``IN_…``), and of files too.

    Raises :class:`OSError` where there is no inotify, or no more of it.
    """

    def __init__(self, reactor: Any, happened: Callable[[], object], meant: int = MEANT) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._reactor = reactor
        self._happened = happened
        self._meant = meant
        self._watches: set[int] = set()
        try:
            self._descriptor: int = self._library.inotify_init1(FLAGS)
        except AttributeError:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
        if self._descriptor < 0:
            raise _error()
        reactor.addReader(self)

    def watch(self, directories: Iterable[Path]) -> None:
        """Watch these from now on, and no others.

        A directory that is watched already stays so; one that came in the place of another is watched anew.
        Raises :class:`OSError`, but not for one that is not there.
        """
        watches = {self._added(directory) for directory in directories} - {-1}
        for watch in self._watches - watches:
            # It may have ended by itself, with its directory.
            self._library.inotify_rm_watch(self._descriptor, watch)
        self._watches = watches

    def stop(self) -> None:
        """Watch nothing any more."""
        if self._descriptor >= 0:
            self._reactor.removeReader(self)
            os.close(self._descriptor)
            self._descriptor = -1

    def fileno(self) -> int:
        return self._descriptor

    def doRead(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._descriptor, READ)
            self._happened()

    def connectionLost(self, reason: Failure) -> None:
        self.stop()

    def logPrefix(self) -> str:
        return "inotify"

    def _added(self, directory: Path) -> int:
        watch = self._library.inotify_add_watch(self._descriptor, os.fsencode(directory), self._meant)
        if watch < 0 and ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR):
            raise _error(directory)
        return int(watch)


def _error(directory: Path | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), None if directory is None else str(directory))
