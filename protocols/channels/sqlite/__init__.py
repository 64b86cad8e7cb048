"""Messages in a file of SQLite, which several processes may share."""

from protocols.channels.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
