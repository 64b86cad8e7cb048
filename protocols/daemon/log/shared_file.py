"""A log file that two processes write during an upgrade."""

from __future__ import annotations

import fcntl
import os

from twisted.python.logfile import LogFile


class SharedLogFile(LogFile):
    """twistd's log file, which is written at its end, wherever another process has moved that.

    Twisted's goes on where it has itself stopped: the last words of a process that drains would be written
    over the first ones of its successor.
    """

    def _openFile(self) -> None:  # noqa: N802 - the name is Twisted's
        super()._openFile()
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_APPEND)
