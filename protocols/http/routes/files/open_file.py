"""Reading files without waiting for the disk."""

from __future__ import annotations

import errno
import os
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.handlers.threads import ThreadPool

THREADS: Final = 4
"""Threads of one route that wait for the disk, list folders and compress."""

_NOT_NOW: Final = (errno.EAGAIN, errno.EOPNOTSUPP)
"""What is not in memory, and what file systems say that cannot tell."""


class OpenFile:
    """A file that is open for reading; it owns `descriptor`.

    What is in the page cache is read at once, everything else in one of `threads`.
    """

    def __init__(self, descriptor: int, threads: ThreadPool) -> None:
        self._descriptor = descriptor
        self._threads = threads
        self._reading: Deferred[bytes] | None = None
        self._busy = False
        self._closed = False

    def read(self, at: int, size: int) -> bytes | Deferred[bytes]:
        """Bytes from the offset `at` on: `size` of them, or fewer; none at the end of the file.

        One read at a time.  It may be cancelled, and then the file only be closed.
        """
        buffer = bytearray(size)
        try:
            count = os.preadv(self._descriptor, (buffer,), at, os.RWF_NOWAIT)
        except OSError as error:
            if error.errno not in _NOT_NOW:
                raise
            return self._wait(at, size)
        return bytes(buffer) if count == size else bytes(memoryview(buffer)[:count])

    def whole(self, size: int) -> bytes | Deferred[bytes]:
        """The first `size` bytes, or all there are if they are fewer."""
        content = self.read(0, size)
        if isinstance(content, Deferred) or len(content) == size:
            return content
        return self._wait(0, size)  # some of it is not in memory, or the file is shorter

    def close(self) -> None:
        """Close it, once no thread reads it any more; more than once does no harm."""
        if self._closed:
            return
        self._closed = True
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        if not self._busy:
            os.close(self._descriptor)

    def _wait(self, at: int, size: int) -> Deferred[bytes]:
        # The call itself is never cancelled: its descriptor must not become another file's meanwhile.
        self._busy = True
        self._threads.call(os.pread, self._descriptor, size, at).addBoth(self._settled)
        self._reading = Deferred(self._given_up)
        return self._reading

    def _given_up(self, reading: Deferred[bytes]) -> None:
        self._reading = None

    def _settled(self, outcome: Any) -> None:
        self._busy = False
        reading, self._reading = self._reading, None
        if self._closed:
            os.close(self._descriptor)
        if reading is not None:
            reading.callback(outcome)  # a Failure is taken for one
