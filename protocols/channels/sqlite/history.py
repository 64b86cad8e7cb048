"""What is read of a file.

Each row that a statement gives is a wait for the reactor, as each statement is: many messages come as one.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from typing import Final

from protocols.channels.message import Message
from protocols.channels.sqlite.inserting import as_stored
from protocols.channels.sqlite.lines import messages
from protocols.channels.store import EXPORT_BYTES, READ_BYTES, Exported

KEYED: Final = 8192
"""Messages of one key that are looked at for a piece of a history: they are anywhere in the file."""

_PIECE: Final = """
    seq > :after AND seq <= (
        WITH RECURSIVE search (low, high, octets) AS (
            SELECT seq, min(seq - 1 + :most, :through, (SELECT max(seq) FROM message)), total - size + :octets
            FROM message WHERE seq = (SELECT min(seq) FROM message WHERE seq > :after AND seq <= :through)
            UNION ALL
            SELECT iif(total > octets, low, seq), iif(total > octets, seq - 1, high), octets
            FROM search JOIN message ON seq = (low + high + 1) / 2 WHERE low < high
        )
        SELECT low FROM search WHERE low = high
    )"""
"""What is up to `most` messages of up to `octets`, but one at least: there are no gaps between messages."""

_KEYED_PIECE: Final = """
    key = :key AND seq > :after AND seq <= (
        SELECT max(seq) FROM (
            SELECT seq, size, sum(size) OVER (ORDER BY seq) AS total FROM (
                SELECT seq, size FROM message
                WHERE key = :key AND seq > :after AND seq <= :through ORDER BY seq LIMIT :most
            )
        ) WHERE total <= :octets OR total = size
    )"""
"""The same of one key."""

_THESE: Final = "seq IN (SELECT value FROM json_each(:seqs))"

_LINES: Final = """
    SELECT
        coalesce(group_concat(line, ''), ''),
        json_group_object(seq, hex(body)) FILTER (WHERE body IS NOT NULL)
    FROM message WHERE {wanted}"""

_EXPORT: Final = """
    SELECT count(*), max(seq), CAST(group_concat(line, '') AS BLOB)
    FROM message WHERE {wanted}"""

_COUNT: Final = f"SELECT count(*), max(seq) FROM message WHERE {_PIECE}"  # noqa: S608 - it is made of constants

_SEQS: Final = f"""
    SELECT json_group_array(seq) FROM (SELECT seq FROM message WHERE {_PIECE} ORDER BY seq)"""  # noqa: S608 - as above

_BEFORE: Final = """
    WITH RECURSIVE search (low, high) AS (
        SELECT min(seq) - 1, max(seq) FROM message
        UNION ALL
        SELECT
            iif(message.time < :time, seq, low),
            iif(message.time < :time, high, seq - 1)
        FROM search JOIN message ON seq = (low + high + 1) / 2 WHERE low < high
    )
    SELECT low FROM search WHERE low = high"""


def read(connection: sqlite3.Connection, after: int, most: int, key: str = "") -> list[Message]:
    """The next messages behind the seq `after`."""
    return _read(connection, *_piece(after, sys.maxsize, most, key, READ_BYTES))


def next_seqs(connection: sqlite3.Connection, after: int, most: int, octets: int) -> list[int]:
    """The seqs of the next messages behind `after`, `most` of them, and of up to `octets`; one at least if
    there is one."""
    values = {"after": after, "through": sys.maxsize, "most": most, "octets": octets}
    (found,) = connection.execute(_SEQS, values).fetchone()
    seqs: list[int] = json.loads(found)
    return seqs


def these(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[Message]:
    """The messages of those seqs, however large they are."""
    return _read(connection, _THESE, {"seqs": json.dumps(seqs)})


def export(connection: sqlite3.Connection, after: int, through: int, most: int, key: str = "") -> Exported:
    """The next piece of a history as lines of JSON."""
    wanted, values = _piece(after, through, most, key, EXPORT_BYTES)
    count, last, lines = connection.execute(_EXPORT.format(wanted=wanted), values).fetchone()
    return Exported(lines, count, last) if count else Exported(b"", 0, after)


def piece(connection: sqlite3.Connection, through: int, most: int, octets: int) -> tuple[int, int]:
    """How many messages, and up to which seq, are the oldest up to `through`, `most` of them, and of up to
    `octets`; one at least."""
    values = {"after": -1, "through": through, "most": most, "octets": octets}
    count, last = connection.execute(_COUNT, values).fetchone()
    return count, last or 0


def seq_before(connection: sqlite3.Connection, time: int) -> int:
    """The seq of the last message from before `time`: times never go back from one message to the next."""
    found = connection.execute(_BEFORE, {"time": time}).fetchone()
    return found[0] if found else newest(connection)


def newest(connection: sqlite3.Connection) -> int:
    """The newest seq there ever was."""
    (last,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
    return int(last)


def _piece(after: int, through: int, most: int, key: str, octets: int) -> tuple[str, dict[str, object]]:
    """What is to be read, and the values of it."""
    values: dict[str, object] = {"after": after, "through": through, "most": most, "octets": octets}
    if not key:
        return _PIECE, values
    return _KEYED_PIECE, values | {"most": min(most, KEYED), "key": as_stored(key)}


def _read(connection: sqlite3.Connection, wanted: str, values: dict[str, object]) -> list[Message]:
    lines, bodies = connection.execute(_LINES.format(wanted=wanted), values).fetchone()
    return messages(lines, json.loads(bodies))
