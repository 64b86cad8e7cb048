"""What groups have been handed out: statements in a transaction that is under way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from protocols.channels.sqlite.history import newest, next_seqs, these
from protocols.channels.store import READ_BYTES, Claim, GroupExtent

_AGAIN: Final = """
    UPDATE claim SET due = ?, tries = tries + 1 WHERE name = ? AND seq IN (SELECT value FROM json_each(?))"""

_DUE: Final = """
    SELECT
        json_group_array(seq) FILTER (WHERE total <= ?4 OR total = size), count(*), coalesce(max(total), 0)
    FROM (
        SELECT seq, size, sum(size) OVER (ORDER BY seq) AS total FROM (
            SELECT seq, message.size FROM claim JOIN message USING (seq)
            WHERE name = ?1 AND due <= ?2 ORDER BY seq LIMIT ?3
        )
    )"""

_TERMS: Final = """
    SELECT json_group_array(json_array(tries, error)) FROM (
        SELECT * FROM claim WHERE name = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq
    )"""

_SETTLE: Final = "DELETE FROM claim WHERE name = ? AND seq IN (SELECT value FROM json_each(?))"


def claim(connection: sqlite3.Connection, group: str, most: int, now: float, deadline: float) -> list[Claim]:
    """Up to `most` messages that nobody else of `group` has, until `deadline` seconds after `now`; not much
    more than :data:`READ_BYTES`, but one at least."""
    due = _milliseconds(now + deadline)
    found, count, octets = connection.execute(_DUE, (group, _milliseconds(now), most, READ_BYTES)).fetchone()
    seqs: list[int] = json.loads(found)
    if seqs:
        connection.execute(_AGAIN, (due, group, json.dumps(seqs)))
    if len(seqs) == count < most and octets < READ_BYTES:
        seqs += _claim_new(connection, group, most - len(seqs), READ_BYTES - octets, due)
    if not seqs:
        return []
    (terms,) = connection.execute(_TERMS, (group, json.dumps(seqs))).fetchone()
    messages = these(connection, seqs)
    return [Claim(found, *one) for found, one in zip(messages, json.loads(terms), strict=True)]


def settle(connection: sqlite3.Connection, group: str, seqs: Sequence[int]) -> int:
    """They are dealt with; how many of them were not settled yet."""
    return connection.execute(_SETTLE, (group, json.dumps(list(seqs)))).rowcount


def give_back(connection: sqlite3.Connection, group: str, seq: int, error: str, due: float) -> None:
    """It is to be handed out again at the time `due`."""
    connection.execute(
        "UPDATE claim SET due = ?, error = ? WHERE name = ? AND seq = ?",
        (_milliseconds(due), error.encode(errors="replace").decode(), group, seq),
    )


def due(connection: sqlite3.Connection, group: str, now: float) -> float | None:
    """Seconds until one is due again."""
    (first,) = connection.execute("SELECT min(due) FROM claim WHERE name = ?", (group,)).fetchone()
    return None if first is None else max(0.0, first / 1000 - now)


def rewind(connection: sqlite3.Connection, group: str, after: int) -> None:
    """Hand out everything behind `after` anew."""
    connection.execute("DELETE FROM claim WHERE name = ? AND seq > ?", (group, after))
    _move(connection, group, max(min(after, newest(connection)), _oldest(connection) - 1))


def extent(connection: sqlite3.Connection, group: str) -> GroupExtent:
    """How far it has come."""
    (claimed,) = connection.execute("SELECT count(*) FROM claim WHERE name = ?", (group,)).fetchone()
    position = _moved_to(connection, group)
    if position is None:
        return GroupExtent(_oldest(connection) - 1, claimed, is_new=True)
    return GroupExtent(position, claimed)


def forget(connection: sqlite3.Connection, through: int) -> None:
    """What is up to this seq is no more."""
    connection.execute("DELETE FROM claim WHERE seq <= ?", (through,))
    connection.execute("UPDATE member SET position = ?1 WHERE position < ?1", (through,))


def _claim_new(connection: sqlite3.Connection, group: str, most: int, octets: int, due: int) -> list[int]:
    seqs = next_seqs(connection, _position(connection, group), most, octets)
    if seqs:
        connection.execute(
            "INSERT INTO claim (name, seq, due, tries, error) SELECT ?, value, ?, 1, '' FROM json_each(?)",
            (group, due, json.dumps(seqs)),
        )
        _move(connection, group, seqs[-1])
    return seqs


def _position(connection: sqlite3.Connection, group: str) -> int:
    position = _moved_to(connection, group)
    return _oldest(connection) - 1 if position is None else position


def _moved_to(connection: sqlite3.Connection, group: str) -> int | None:
    """Where it is; ``None`` if nobody has heard of it."""
    found = connection.execute("SELECT position FROM member WHERE name = ?", (group,)).fetchone()
    return found[0] if found else None


def _move(connection: sqlite3.Connection, group: str, position: int) -> None:
    connection.execute(
        "INSERT INTO member (name, position) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        (group, position),
    )


def _oldest(connection: sqlite3.Connection) -> int:
    (first,) = connection.execute("SELECT min(seq) FROM message").fetchone()
    return newest(connection) + 1 if first is None else int(first)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
