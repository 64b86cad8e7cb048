"""The tables of a channel's file.

``message`` holds the log.  A message is kept as the ``line`` of JSON that it is read as
(:mod:`protocols.channels.sqlite.lines`), so that a history is read by putting lines together; what it is
found by is there once more.  ``size`` is how many bytes its line has, and ``total`` how many all lines have
up to it, so that it is known how much is between two messages without looking at what that is.  ``body`` is
there where the line does not say exactly what it was.  The line comes last: the rest is read without it.

``member`` says how far each group has come, and ``claim`` what of that is not settled.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from protocols.channels.sqlite.trouble import FileError

APPLICATION: Final = 0x504F4C59
"""What says that a file is ours (``PRAGMA application_id``): ``POLY``."""

VERSION: Final = 1
"""Of the tables (``PRAGMA user_version``)."""

TABLES: Final = (
    """CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        size INTEGER NOT NULL,
        total INTEGER NOT NULL,
        key TEXT,
        id TEXT,
        body BLOB,
        line TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX message_id ON message (id) WHERE id IS NOT NULL",
    "CREATE INDEX message_key ON message (key, seq) WHERE key IS NOT NULL",
    "CREATE TABLE member (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE claim (
        name TEXT NOT NULL,
        seq INTEGER NOT NULL,
        due INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        error TEXT NOT NULL,
        PRIMARY KEY (name, seq)
    ) WITHOUT ROWID""",
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('message', 0)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)


def prepare(connection: sqlite3.Connection, last: int) -> int:
    """Have the tables in the file, in a transaction that is under way; the seq of the newest message.

    :param last: the newest seq that anybody was told of: numbers go on behind it, also in a new file in the
        place of one that was removed.

    Raises :class:`FileError` where there is something else in the file.
    """
    if is_new(connection):
        for statement in TABLES:
            connection.execute(statement)
    (newest,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
    if newest < last:
        if connection.execute("SELECT EXISTS (SELECT 1 FROM message)").fetchone()[0]:
            raise FileError(f"the store ends at message {newest}, and {last} were published")
        connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'message'", (last,))
    return max(int(newest), last)


def is_new(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing in the file yet.  Raises :class:`FileError` where there is something else."""
    # In one statement: another process may make it ours meanwhile.
    application, version, things = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
        "FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if (application, version, things) == (0, 0, 0):
        return True
    if application != APPLICATION:
        raise FileError("it is a database of something else")
    if version != VERSION:
        raise FileError(f"its tables are of version {version}, and this program knows version {VERSION}")
    return False
