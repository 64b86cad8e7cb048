"""Messages are forgotten a few at a time, so that no publisher waits for long."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from protocols.channels.sqlite import groups, history

ROWS: Final = 1000
"""Messages of a piece: a few milliseconds."""

OCTETS: Final = 2 * 1024 * 1024
"""Bytes of lines of a piece, for the same reason."""

FREE: Final = 1024
"""Pages without anything in them that stay in the file for what is to come, or a quarter of all if that is
more: a file that gets shorter and longer all the time is slow."""

PAGES: Final = 256
"""Pages that are given back at a time."""


class Measured(NamedTuple):
    """What is kept in the file."""

    first: int
    """The oldest seq; one above the newest there ever was if there is no message."""
    octets: int
    """Bytes of their lines; a file is about a fifth larger, for what messages are found by."""


def measure(connection: sqlite3.Connection) -> Measured:
    """Look; it costs the same however much there is."""
    found = connection.execute(
        "SELECT oldest.seq, newest.total - oldest.total + oldest.size "
        "FROM message AS oldest, message AS newest "
        "WHERE oldest.seq = (SELECT min(seq) FROM message) AND newest.seq = (SELECT max(seq) FROM message)"
    ).fetchone()
    return Measured(*found) if found else Measured(history.newest(connection) + 1, 0)


def forget(connection: sqlite3.Connection, through: int, octets: int = OCTETS) -> int:
    """Forget the oldest messages up to the seq `through`, but not more than a piece; how many that were."""
    count, last = history.piece(connection, through, ROWS, octets)
    if not count:
        return 0
    connection.execute("DELETE FROM message WHERE seq <= ?", (last,))
    groups.forget(connection, last)
    return count


def forget_surplus(connection: sqlite3.Connection, octets: int) -> int:
    """Forget the oldest while they take more than `octets`, but not more than a piece."""
    surplus = measure(connection).octets - octets
    return forget(connection, history.newest(connection), min(surplus, OCTETS)) if surplus > 0 else 0


def shorten(connection: sqlite3.Connection) -> int:
    """Give back pages that are not needed, if there are many, but not more than a piece; how many.

    Not in a transaction.  What fails will be done another time.
    """
    pages, free = connection.execute(
        "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
    ).fetchone()
    surplus = min(int(free - max(FREE, pages // 4)), PAGES)
    if surplus <= 0:
        return 0
    try:
        # Executed as one statement it would end with the first page.
        connection.executescript(f"PRAGMA incremental_vacuum({surplus})")
    except sqlite3.Error:
        return 0
    return surplus
