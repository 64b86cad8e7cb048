"""A connection to a channel's file, opened again whenever it was given up."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from protocols.channels.sqlite.schema import is_new, prepare
from protocols.channels.sqlite.trouble import PRIMARY, FileError

T = TypeVar("T")

BUSY: Final = 10.0
"""Seconds to wait for another process that writes: many times what a slow disk takes for a commit, and less
than publishers wait (:data:`~protocols.channels.settings.STALLED`)."""

AGAIN: Final = 0.01
"""Seconds until what cannot wait for another process by itself is tried again: making a file ours."""

WAL_KEPT: Final = 64 * 1024 * 1024
"""Bytes of the write-ahead log's file that stay when it begins anew; it is longer only for a while."""

STATEMENTS: Final = 64
"""Statements that stay compiled: all there are."""


class Database:
    """The file of one channel, for one thread.

    :param full: whether each commit waits for the disk.
    :param writes: whether the file is made, and its tables, if it is not there.

    .. attribute:: last

       The newest seq that anybody was told of; numbers go on behind it.
    """

    def __init__(self, file: Path, *, full: bool = True, writes: bool = False) -> None:
        self.file = file
        self.last = 0
        self._full = full
        self._writes = writes
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> sqlite3.Connection:
        """The connection.  Raises :class:`sqlite3.Error`, :class:`OSError` and :class:`FileError`."""
        if not self._writes and self._is_replaced():
            self.drop()
        if self._connection is None:
            if self._writes:
                make(self.file)
            connection = self._connect()
            try:
                self._make_ours(connection)
                self._identity = _identity(self.file)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def use(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What `function` makes of the connection, which is given up if it fails."""
        try:
            return function(self.open())
        except BaseException:
            self.drop()
            raise

    def check(self) -> None:
        """Raises :class:`FileError` if what is open is not the file any more: it was removed or replaced."""
        try:
            is_there = _identity(self.file) == self._identity
        except OSError:
            is_there = False
        if not is_there:
            raise FileError("the store's file is gone")

    def drop(self) -> None:
        """Give the connection up; :meth:`open` makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # What is wrong with it has been said.
            with suppress(sqlite3.Error):
                connection.close()

    def _is_replaced(self) -> bool:
        """Whether another file is in the place of the one that is open; if none is, that is better."""
        try:
            return self._connection is not None and _identity(self.file) != self._identity
        except OSError:
            return False

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.file.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        if not self._writes:
            connection.execute("PRAGMA query_only = on")
        connection.execute(f"PRAGMA synchronous = {'full' if self._full else 'normal'}")
        # Somebody else copies the log into the file, so that no publisher waits for it.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA temp_store = memory")
        return connection

    def _make_ours(self, connection: sqlite3.Connection) -> None:
        if not self._writes:
            is_new(connection)
            return
        until = time.monotonic() + BUSY
        while True:
            try:
                self._prepare(connection)
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(AGAIN)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if is_new(connection):
            # Later it would say nothing: it is laid down with the first page.
            connection.execute("PRAGMA auto_vacuum = incremental")
        connection.execute("PRAGMA journal_mode = wal").fetchone()
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}").fetchone()
        connection.execute("PRAGMA secure_delete = off").fetchone()
        with transaction(connection):
            self.last = prepare(connection, self.last)


class transaction:  # noqa: N801 - it is read as a statement
    """``with transaction(connection):`` all of it, or nothing; nobody else writes meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        # Some errors have done so already.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def make(file: Path) -> None:
    """Have the file, and the folders that it is in, for nobody else to read.  Raises :class:`OSError`."""
    folders = [file.parent]
    while not folders[-1].exists():
        folders.append(folders[-1].parent)
    for folder in reversed(folders[:-1]):
        folder.mkdir(mode=0o700, exist_ok=True)
        keep_entries(folder.parent)
    file.parent.mkdir(exist_ok=True)  # says so if it is none
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def keep_entries(folder: Path) -> None:
    """Have the disk keep what is made in `folder`, where that can be asked for.  What is in a folder of the
    store's own SQLite sees to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _identity(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino
