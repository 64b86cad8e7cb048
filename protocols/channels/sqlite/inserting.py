"""Entries become rows, many in one statement.

A thread may wait several milliseconds after each statement until the reactor lets it go on, so that it is
their number that counts, and not so much what they do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from protocols.channels.message import Entry
from protocols.channels.sqlite.lines import line, sent_line

ROWS: Final = 512
"""Rows of one statement: what each costs besides does not matter any more, and all of their values are fewer
than the 32,766 that SQLite takes."""

_FEW: Final[Sequence[str]] = ("size", "total", "line")
"""The columns of messages that only their sender is known of."""
_ALL: Final[Sequence[str]] = (*_FEW, "body", "key", "id")
_SIZES: Final = sorted({1 << n for n in range(10)} | {3 << n for n in range(8)})
"""Numbers of rows that there are statements for, so that each is compiled once."""


class End(NamedTuple):
    """Where a log ends."""

    seq: int = 0
    """That of the newest message there ever was."""
    total: int = 0
    """How many bytes all lines up to there have; what is forgotten may or may not be in it."""
    time: int = 0
    """That of the newest message: the next is not from before it, whichever process publishes it."""


def insert(connection: sqlite3.Connection, entries: Sequence[Entry], time: int, end: End) -> End | None:
    """Add `entries` behind `end`; ``None`` if it is not the end, and nothing was added.

    :param time: now, in milliseconds since the epoch; the clocks of processes may differ, and each may have
        waited for the others since it looked.

    More than :data:`ROWS` need a transaction, in which `end` is the end.
    """
    time = max(time, end.time)
    for at in range(0, len(entries), ROWS):
        some = entries[at : at + ROWS]
        size = next(size for size in _SIZES if size >= len(some))
        if any(one[1] or one[2] or one[4] or one[5] for one in some):
            columns = _ALL
            rows, total = _all_values(some, time, end)
        else:
            columns = _FEW
            rows, total = _few_values(some, time, end)
        values = [time, *rows, *[None] * (len(columns) * (size - len(some))), end.seq]
        statement = _statement(columns, size)
        try:
            added = connection.execute(statement, values).rowcount
        except UnicodeEncodeError:
            # Half a character cannot be stored; it must not keep the others from being published.
            added = connection.execute(statement, list(map(_storable, values))).rowcount
        if not added:
            return None
        end = End(end.seq + len(some), total, time)
    return end


def find_end(connection: sqlite3.Connection, time: int = 0) -> End:
    """Where the log ends; the newest message was from `time` at least."""
    found = connection.execute(
        "SELECT newest.seq, coalesce(message.total, 0), max(coalesce(message.time, 0), ?) "
        "FROM sqlite_sequence AS newest "
        "LEFT JOIN message ON message.seq = newest.seq WHERE newest.name = 'message'",
        (time,),
    ).fetchone()
    return End(*found)


def known(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The seqs of those messages whose ids are among `ids`, which are as they are stored."""
    (found,) = connection.execute(
        "SELECT json_group_object(id, seq) FROM message WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    ).fetchone()
    seqs: dict[str, int] = json.loads(found)
    return seqs


def as_stored(text: str) -> str:
    """`text`, with halves of characters as JSON has them, since there is no other way to store them."""
    return text.encode(errors="backslashreplace").decode()


@cache
def _statement(columns: Sequence[str], size: int) -> str:
    row = f"({','.join('?' * len(columns))})"
    return (
        f"INSERT INTO message (time, {', '.join(columns)}) "  # noqa: S608 - it is made of constants
        f"SELECT ?1, * FROM (VALUES {','.join([row] * size)}) WHERE column1 IS NOT NULL "
        "AND (SELECT seq FROM sqlite_sequence WHERE name = 'message') = ?"
    )


def _few_values(entries: Sequence[Entry], time: int, end: End) -> tuple[list[object], int]:
    """The values of all rows, and the total behind them."""
    values: list[object] = []
    total = end.total
    for seq, entry in enumerate(entries, end.seq + 1):
        stored = sent_line(seq, time, entry[0], entry[3])
        size = len(stored) if stored.isascii() else _size(stored)
        total += size
        values += (size, total, stored)
    return values, total


def _all_values(entries: Sequence[Entry], time: int, end: End) -> tuple[list[object], int]:
    values: list[object] = []
    total = end.total
    for seq, entry in enumerate(entries, end.seq + 1):
        stored, body = line(seq, time, entry)
        size = _size(stored)
        total += size
        values += (size, total, stored, body, entry.key or None, entry.id or None)
    return values, total


def _size(stored: str) -> int:
    return len(stored.encode(errors="backslashreplace"))


def _storable(value: object) -> object:
    return as_stored(value) if isinstance(value, str) else value
