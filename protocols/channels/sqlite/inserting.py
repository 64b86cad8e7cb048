"""Entries become rows, many in one statement.

A thread may wait several milliseconds after each statement until the reactor lets it go on, so that it is
their number that counts, and not so much what they do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from protocols.channels.message import Entry, Headers
from protocols.channels.message_json import body_text, is_json

TEXT: Final = 0
"""The form of a body that is UTF-8 without NUL."""
JSON: Final = 1
"""That of one that is JSON."""
BINARY: Final = 2
"""That of any other."""

ROWS: Final = 512
"""Rows of one statement: what each costs besides does not matter any more, and all of their values are fewer
than the 32,766 that SQLite takes."""

SENDERS: Final = 1024
"""Senders whose words are kept: each publishes many messages."""

_FEW: Final = ("form", "about", "body")
"""The columns of messages that nothing else is known of, as nearly all are that come by sockets; it takes
half the time."""
_ALL: Final = (*_FEW, "key", "id")
_SIZES: Final = sorted({1 << n for n in range(10)} | {3 << n for n in range(8)})
"""Numbers of rows that there are statements for, so that each is compiled once."""


def insert(connection: sqlite3.Connection, entries: Sequence[Entry], time: int) -> int:
    """Add `entries`; the seq of the last of them.  More than :data:`ROWS` need a transaction."""
    last = 0
    for at in range(0, len(entries), ROWS):
        some = entries[at : at + ROWS]
        size = next(size for size in _SIZES if size >= len(some))
        columns = _ALL if any(one[1] or one[2] or one[4] or one[5] for one in some) else _FEW
        values = _all_values(some) if columns is _ALL else _few_values(some)
        missing = [None] * (len(columns) * (size - len(some)))
        try:
            cursor = connection.execute(_statement(columns, size), [time, *values, *missing])
        except UnicodeEncodeError:
            # Half a character cannot be stored; it must not keep the others from being published.
            values = list(map(_storable, values))
            cursor = connection.execute(_statement(columns, size), [time, *values, *missing])
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
def _statement(columns: Sequence[str], size: int) -> str:
    row = f"({','.join('?' * len(columns))})"
    return (
        f"INSERT INTO message (time, {', '.join(columns)}) "  # noqa: S608 - it is made of constants
        f"SELECT ?1, * FROM (VALUES {','.join([row] * size)}) WHERE column1 IS NOT NULL"
    )


def _few_values(entries: Sequence[Entry]) -> list[object]:
    return [
        value
        for body, _, _, sender, _, _ in entries
        for value in (BINARY if body_text(body) is None else TEXT, _from(sender), body)
    ]


def _all_values(entries: Sequence[Entry]) -> list[object]:
    values: list[object] = []
    for entry in entries:
        body, key, name, _, content_type, _ = entry
        if content_type and is_json(content_type):
            form = JSON
        elif body_text(body) is None:
            form = BINARY
        else:
            form = TEXT
        values += (form, _about(entry), body, key or None, name or None)
    return values


@lru_cache(SENDERS)
def _from(sender: str) -> str:
    return f',"from":{_quoted(sender)}' if sender else ""


def _about(entry: Entry) -> str:
    about = f',"key":{_quoted(entry.key)}' if entry.key else ""
    about += _from(entry.sender)
    if entry.content_type:
        about += f',"type":{_quoted(entry.content_type)}'
    if entry.id:
        about += f',"id":{_quoted(entry.id)}'
    if entry.headers:
        about += f',"headers":{_as_object(entry.headers)}'
    return about


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _as_object(headers: Headers) -> str:
    """JSON that keeps their order, and all that are of one name."""
    return "{" + ",".join([f"{_quoted(name)}:{_quoted(value)}" for name, value in headers]) + "}"


def _storable(value: object) -> object:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
