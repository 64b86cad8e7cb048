"""Takes what is in the write-ahead log to where it belongs, beside those who publish.

SQLite would have the publisher do it whose commit makes the log long.  Here a thread of its own does; as more
is published meanwhile, the little that is left is done by the thread that writes, after which the log begins
anew and gets no longer.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.channels.sqlite.database import Database
from protocols.channels.sqlite.outage import Outage
from protocols.channels.sqlite.worker import Worker

PAGE: Final = 4096
"""Bytes of a page."""

LEAST: Final = 2 * PAGE
"""Bytes that a commit puts into the log at least."""

BEGIN: Final = 4 * 1024 * 1024
"""Bytes of the log with which a checkpoint begins, as SQLite has it: about 1,000 pages."""

LONG: Final = 16 * 1024 * 1024
"""Bytes of the log from which on it is made to begin anew."""

LITTLE: Final = 256
"""Pages that the thread that writes takes over at a time: some milliseconds."""


class Checkpoints:
    """Has the checkpoints of one file done, and the disk keep what was published, where that is not done with
    each commit.

    :param database: for the thread `worker`.
    :param finish: has the thread that writes do a checkpoint.
    :param interval: seconds that what was published may be lost by; 0: none.
    """

    def __init__(
        self,
        database: Database,
        worker: Worker,
        finish: Callable[[], Deferred[Any]],
        *,
        interval: float,
        reactor: Any,
    ) -> None:
        self._database = database
        self._worker = worker
        self._finish = finish
        self._interval = interval
        self._reactor = reactor
        self._long = Outage(database.file, "the write-ahead log gets longer")
        self._unkept = Outage(database.file, "the disk does not keep what is published")
        self._octets = 0  # written since the last checkpoint, about
        self._left = 0  # pages
        self._is_busy = False
        self._is_over = False
        self._flush: IDelayedCall | None = None

    def written(self, octets: int) -> None:
        """So many bytes of bodies more are in the log."""
        if self._is_over:
            return
        self._octets += octets + LEAST
        if self._interval and self._flush is None:
            self._flush_later()
        if self._octets >= BEGIN and not self._is_busy:
            self._is_busy = True
            self._advance()

    def stop(self) -> None:
        """Begin with nothing more."""
        self._is_over = True
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None

    def close(self) -> Deferred[None]:
        """Have the disk keep everything, and let go of the file."""
        if not self._interval:
            return self._worker.run(self._database.drop)
        return self._worker.run(partial(flush, self._database.file)).addBoth(
            lambda _: self._worker.run(self._database.drop)
        )

    def _advance(self) -> None:
        done = self._worker.run(partial(self._database.use, checkpoint))
        done.addCallback(self._advanced).addErrback(self._failed)

    def _advanced(self, log: tuple[int, int]) -> Deferred[Any] | None:
        pages, left = log
        before, self._left = self._left, left
        self._octets = 0
        self._long.succeeded(self._reactor.seconds())
        self._is_busy = False
        if pages * PAGE < LONG:
            return None
        if left > LITTLE:
            if left < before // 2 and not self._is_over:
                self._is_busy = True
                self._advance()
            return None
        return None if self._is_over else self._finish()

    def _failed(self, failure: Failure) -> None:
        assert isinstance(failure.value, Exception), "threads are not interrupted"
        self._is_busy = False
        self._octets = 0  # it is tried again when there is as much more
        self._long.failed(failure.value, self._reactor.seconds())

    def _flush_later(self) -> None:
        self._flush = self._reactor.callLater(self._interval, self._flush_now)

    def _flush_now(self) -> None:
        self._flush = None
        self._worker.run(partial(flush, self._database.file)).addCallbacks(self._flushed, self._not_flushed)

    def _flushed(self, _: object) -> None:
        self._unkept.succeeded(self._reactor.seconds())

    def _not_flushed(self, failure: Failure) -> None:
        assert isinstance(failure.value, Exception), "threads are not interrupted"
        self._unkept.failed(failure.value, self._reactor.seconds())
        if self._flush is None and not self._is_over:
            self._flush_later()


def checkpoint(connection: sqlite3.Connection) -> tuple[int, int]:
    """The pages that are in the log, and how many of them are left: readers may need them, or another process
    is at it."""
    is_busy, pages, done = connection.execute("PRAGMA wal_checkpoint(passive)").fetchone()
    return (0, 0) if is_busy or pages < 0 else (pages, pages - done)


def flush(file: Path) -> None:
    """Have the disk keep what was published.  Raises :class:`OSError`."""
    try:
        descriptor = os.open(f"{file}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # all of it has been taken over
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
