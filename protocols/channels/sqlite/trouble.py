"""What is wrong with a store's file, in words for those who publish and read: they name no path."""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from protocols.channels.errors import StalledError, UnavailableError

PRIMARY: Final = 0xFF
"""The part of an extended result code that says what kind of error it is."""

WORDS: Final = {
    sqlite3.SQLITE_BUSY: "another process does not let go of the store",
    sqlite3.SQLITE_CANTOPEN: "the store cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the store is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_NOTADB: "the store is damaged",
    sqlite3.SQLITE_PERM: "the store may not be written",
    sqlite3.SQLITE_READONLY: "the store cannot be written",
}

UNCLEAR: Final = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
"""After these nobody knows what of it has reached the disk."""


class FileError(Exception):
    """The file is none that the channel could be kept in; the words are for everybody."""


TROUBLE: Final = (sqlite3.Error, OSError, FileError, UnavailableError)
"""What may be wrong with a file; anything else is a mistake in this program."""


def words(error: Exception) -> str:
    """What is wrong."""
    if isinstance(error, sqlite3.Error):
        return WORDS.get(_code(error) & PRIMARY, "the store cannot be used")
    if isinstance(error, OSError):
        return f"the store cannot be used: {os.strerror(error.errno or 0)}"
    return str(error) if isinstance(error, FileError | UnavailableError) else "the store cannot be used"


def for_operator(error: Exception) -> str:
    """The same, and what SQLite says."""
    return f"{words(error)} ({error})" if isinstance(error, sqlite3.Error) else words(error)


def unavailable(error: Exception) -> UnavailableError:
    """What publishers and readers are told of `error`."""
    if _code(error) in UNCLEAR:
        return StalledError("the disk fails; it may have been published")
    return UnavailableError(words(error))


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0)
