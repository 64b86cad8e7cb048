"""Entries become rows, many in one statement.

A thread may wait several milliseconds after each statement until the reactor lets it go on, so that it is
their number that counts, and not so much what they do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from protocols.channels.message import Entry
from protocols.channels.message_json import body_text, is_json

TEXT: Final = 0
"""The form of a body that is UTF-8 without NUL."""
JSON: Final = 1
"""That of one that is JSON."""
BINARY: Final = 2
"""That of any other."""

ROWS: Final = 512
"""Rows of one statement: what each costs besides does not matter any more, and all of their values are less
than the 32,766 that SQLite takes."""

_COLUMNS: Final = "time, form, key, id, sender, type, headers, body"
_NONE: Final = (None,) * 8
_SIZES: Final = sorted({1 << n for n in range(10)} | {3 << n for n in range(8)})
"""Numbers of rows that there are statements for, so that each is compiled once."""


def insert(connection: sqlite3.Connection, entries: Sequence[Entry], time: int) -> int:
    """Add `entries`; the seq of the last of them.  More than :data:`ROWS` need a transaction."""
    last = 0
    for at in range(0, len(entries), ROWS):
        rows = [_row(entry, time) for entry in entries[at : at + ROWS]]
        size = next(size for size in _SIZES if size >= len(rows))
        rows += [_NONE] * (size - len(rows))
        try:
            cursor = connection.execute(_statement(size), list(chain.from_iterable(rows)))
        except UnicodeEncodeError:
            # Half a character cannot be stored; it must not keep the others from being published.
            cursor = connection.execute(_statement(size), [_storable(value) for row in rows for value in row])
        assert cursor.lastrowid is not None, "an INSERT has one"
        last = cursor.lastrowid
    return last


def known(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The seqs of those messages whose ids are among `ids`."""
    (found,) = connection.execute(
        "SELECT json_group_object(id, seq) FROM message WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    ).fetchone()
    seqs: dict[str, int] = json.loads(found)
    return seqs


@cache
def _statement(size: int) -> str:
    values = ",".join(["(?,?,?,?,?,?,?,?)"] * size)
    return f"INSERT INTO message ({_COLUMNS}) SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"  # noqa: S608 - it is made of constants


def _row(entry: Entry, time: int) -> tuple[Any, ...]:
    body, key, name, sender, content_type, headers = entry
    if content_type and is_json(content_type):
        form = JSON
    elif body_text(body) is None:
        form = BINARY
    else:
        form = TEXT
    return (
        time,
        form,
        key or None,
        name or None,
        sender or None,
        content_type or None,
        json.dumps(headers) if headers else None,
        body,
    )


def _storable(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
