"""What is read of a file.

Each row that a statement gives is a wait for the reactor, as each statement is: many messages come as one.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from protocols.channels.message import Headers, Message
from protocols.channels.message_json import as_line
from protocols.channels.sqlite.inserting import BINARY, JSON, SENDERS, TEXT
from protocols.channels.store import EXPORT_BYTES, READ_BYTES, Exported

LINE: Final = 150
"""Bytes that a line of JSON has besides the body, about."""

_message = Message._make
_KEYED: Final = {False: "", True: "AND key = :key"}

_KEY_HERE: Final = "/* key */"

_KNOWN: Final = """
    SELECT json_group_array(json_array(seq, time, length(body), about)) FROM (
        SELECT * FROM message WHERE {wanted} ORDER BY seq LIMIT :most
    )"""

_BODIES: Final = """
    SELECT CAST(group_concat(body, '') AS BLOB) FROM (
        SELECT body FROM message WHERE {wanted} AND seq <= :last ORDER BY seq
    )"""

_SIZE: Final = """
    SELECT count(*), sum(length(body)), max(form) FROM (
        SELECT form, body FROM message WHERE seq > :after AND seq <= :through {keyed} ORDER BY seq LIMIT :most
    )"""

_LINES: Final = f"""
    SELECT count(*), max(seq), CAST(group_concat(line, '') AS BLOB) FROM (
        SELECT seq, format(
            '{{"seq":%d,"time":%d%s,"body":%s}}\n',
            seq,
            time,
            about,
            CASE form
                WHEN {TEXT} THEN json_quote(CAST(body AS TEXT))
                WHEN {JSON} THEN replace(replace(CAST(body AS TEXT), char(10), ' '), char(13), ' ')
            END
        ) AS line
        FROM message WHERE seq > :after AND seq <= :through {_KEY_HERE} ORDER BY seq LIMIT :most
    )"""  # noqa: S608 - it is made of constants

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
    wanted = f"seq > :after {_KEYED[bool(key)]}"
    return _read(connection, wanted, {"after": after, "most": most, "key": key}, READ_BYTES)


def these(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[Message]:
    """The messages of those seqs, however large they are."""
    wanted = "seq IN (SELECT value FROM json_each(:seqs))"
    return _read(connection, wanted, {"seqs": json.dumps(seqs), "most": len(seqs)}, sys.maxsize)


def _read(
    connection: sqlite3.Connection, wanted: str, values: dict[str, object], octets: int
) -> list[Message]:
    while True:
        (found,) = connection.execute(_KNOWN.format(wanted=wanted), values).fetchone()
        rows = json.loads(found)
        if not rows:
            return []
        count = fitting([row[2] for row in rows], octets)
        del rows[count:]
        values["last"] = rows[-1][0]
        (bodies,) = connection.execute(_BODIES.format(wanted=wanted), values).fetchone()
        bodies = bodies or b""
        if len(bodies) == sum(row[2] for row in rows):
            return _messages(rows, bodies)
        # Some of them have been forgotten in between.


def fitting(sizes: Sequence[int], octets: int) -> int:
    """How many of those `sizes`, from the first on, are not more than `octets`; one at least."""
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if total > octets:
            return max(count, 1)
    return len(sizes)


def export(connection: sqlite3.Connection, after: int, through: int, most: int, key: str = "") -> Exported:
    """The next piece of a history as lines of JSON."""
    keyed = _KEYED[bool(key)]
    most = min(most, EXPORT_BYTES // LINE)
    wanted = {"after": after, "through": through, "key": key}
    while True:
        count, octets, form = connection.execute(
            _SIZE.format(keyed=keyed), wanted | {"most": most}
        ).fetchone()
        if not count:
            return Exported(b"", 0, after)
        octets += count * LINE
        if octets <= 2 * EXPORT_BYTES or count == 1:
            break
        most = max(1, count * EXPORT_BYTES // octets)
    if form == BINARY:
        return _exported_by_hand(read(connection, after, most, key), after, through)
    count, last, lines = connection.execute(
        _LINES.replace(_KEY_HERE, keyed), wanted | {"most": most}
    ).fetchone()
    return Exported(lines, count, last) if count else Exported(b"", 0, after)


def seq_before(connection: sqlite3.Connection, time: int) -> int:
    """The seq of the last message from before `time`: times never go back from one message to the next."""
    found = connection.execute(_BEFORE, {"time": time}).fetchone()
    return found[0] if found else newest(connection)


def newest(connection: sqlite3.Connection) -> int:
    """The newest seq there ever was."""
    (last,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
    return int(last)


def _messages(rows: Sequence[tuple[int, int, int, str]], bodies: bytes) -> list[Message]:
    messages = []
    at = 0
    for seq, time, size, about in rows:
        end = at + size
        messages.append(_message((seq, time, bodies[at:end], *_known(about))))
        at = end
    return messages


@lru_cache(SENDERS)
def _known(about: str) -> tuple[str, str, str, str, Headers]:
    """Key, id, sender, content type and headers."""
    known = dict(json.loads(f"{{{about[1:]}}}", object_pairs_hook=tuple))
    names = ("key", "id", "from", "type")
    key, name, sender, content_type = (known.get(name, "") for name in names)
    return key, name, sender, content_type, known.get("headers", ())


def _exported_by_hand(messages: Sequence[Message], after: int, through: int) -> Exported:
    """SQLite knows no base64."""
    wanted = [message for message in messages if message.seq <= through]
    return Exported(b"".join(map(as_line, wanted)), len(wanted), wanted[-1].seq if wanted else after)
