"""Rows and messages, whatever is in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.message import Entry, Message
from protocols.channels.message_json import as_line
from protocols.channels.sqlite import history
from protocols.channels.sqlite.inserting import ROWS, End, as_stored, find_end, known
from protocols.channels.sqlite.inserting import insert as insert_behind
from protocols.channels.sqlite.schema import prepare
from protocols.channels.store import EXPORT_BYTES, READ_BYTES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRIES = st.builds(
    Entry,
    st.one_of(st.binary(max_size=100), st.text(max_size=50).map(lambda text: text.encode(errors="replace"))),
    TEXTS,
    st.just(""),
    TEXTS,
    st.sampled_from(["", "text/plain", "Ä", '"']),
    st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@contextmanager
def log() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        prepare(connection, 0)
        yield connection


def insert(connection: sqlite3.Connection, entries: list[Entry], time: int) -> int:
    """Add `entries`; the seq of the last."""
    end = insert_behind(connection, entries, time, find_end(connection))
    assert end == find_end(connection)
    return end.seq


@given(st.lists(ENTRIES, max_size=20))
def test_what_is_read_is_what_was_published(entries):
    with log() as connection:
        if entries:
            assert insert(connection, entries, 7) == len(entries)
        expected = [Message(seq, 7, *entry) for seq, entry in enumerate(entries, 1)]
        assert history.read(connection, 0, 100) == expected
        for key in {entry.key for entry in entries} - {""}:
            assert history.read(connection, 0, 100, key) == [one for one in expected if one.key == key]
        assert history.these(connection, [1, 3]) == [one for one in expected if one.seq in (1, 3)]


@given(st.lists(ENTRIES, max_size=10), st.lists(VALUES, max_size=5), st.booleans())
def test_a_history_is_the_json_of_its_messages(entries, values, indented):
    entries += [
        Entry(json.dumps(value, indent=2 if indented else None).encode(), content_type="application/json")
        for value in values
    ]
    with log() as connection:
        if entries:
            insert(connection, entries, 7)
        exported = history.export(connection, 0, 100, 100)
        lines = exported.octets.decode().split("\n")
        assert lines.pop() == ""
        expected = [json.loads(as_line(Message(seq, 7, *entry))) for seq, entry in enumerate(entries, 1)]
        assert [json.loads(line) for line in lines] == expected
        assert exported[1:] == (len(entries), len(entries))


@pytest.mark.parametrize("body", [b"x", b"\xff", b"x" * 50_000, b"\xff" * 50_000, b"x" * 3_000_000])
def test_pieces_of_a_history_are_neither_small_nor_large(body):
    with log() as connection:
        count = max(3, 3_000_000 // len(body) if len(body) > 1 else 30_000)
        for at in range(0, count, ROWS):
            insert(connection, [Entry(body)] * min(ROWS, count - at), 7)
        position = 0
        seqs = []
        while (piece := history.export(connection, position, count - 1, 10**9)).messages:
            seqs += [json.loads(line)["seq"] for line in piece.octets.splitlines()]
            assert piece.messages == 1 or len(piece.octets) <= EXPORT_BYTES
            assert piece.position == seqs[-1]
            position = piece.position
        assert seqs == list(range(1, count))


def test_large_bodies_are_read_a_few_at_a_time():
    with log() as connection:
        insert(connection, [Entry(b"x" * (READ_BYTES // 2 - 100))] * 5, 7)
        assert [one.seq for one in history.read(connection, 0, 100)] == [1, 2]
        assert len(history.these(connection, [1, 2, 3, 4, 5])) == 5


def test_many_rows_in_pieces_are_numbered_one_after_the_other():
    with log() as connection:
        assert insert(connection, [Entry(b"%d" % number) for number in range(1300)], 7) == 1300
        assert connection.execute("SELECT count(*), min(seq), max(seq) FROM message").fetchone() == (
            1300,
            1,
            1300,
        )


def test_no_number_is_lost_where_a_statement_fails():
    with log() as connection:
        insert(connection, [Entry(b"a", id="x")], 7)
        with pytest.raises(sqlite3.IntegrityError):
            insert(connection, [Entry(b"b"), Entry(b"c", id="x")], 7)
        connection.execute("BEGIN")
        insert(connection, [Entry(b"d")], 7)
        connection.execute("ROLLBACK")
        assert insert(connection, [Entry(b"e")], 7) == 2
        assert known(connection, ["x", "y"]) == {"x": 1}


def test_half_a_character_does_not_harm_the_others():
    with log() as connection:
        insert(connection, [Entry(b"a", sender="\udcff"), Entry(b"b", sender="ü")], 7)
        entry = Entry(b"c", "k\udcff", "i\udcff", "\udcff", "t\udcff", (("h\udcff", "\udcff"),))
        insert(connection, [entry, Entry(b"d")], 7)
        read = history.read(connection, 0, 9)
        assert [one.sender for one in read] == ["\udcff", "ü", "\udcff", ""]
        assert Entry(*read[2][2:]) == entry
        assert history.read(connection, 0, 9, "k\udcff") == [read[2]]
        assert known(connection, [as_stored("i\udcff")]) == {as_stored("i\udcff"): 3}
        exported = history.export(connection, 0, 9, 9)
        assert exported.octets == b"".join(map(as_line, read))
        assert find_end(connection).total == len(exported.octets)


def test_nothing_is_added_behind_what_is_not_the_end():
    with log() as connection:
        entries = [Entry(b"%d" % number) for number in range(ROWS)]
        behind = find_end(connection)
        insert(connection, entries, 7)
        assert insert_behind(connection, entries, 7, behind) is None
        assert insert_behind(connection, [Entry(b"x", id="x")], 7, End(ROWS + 1, 0)) is None
        assert find_end(connection).seq == ROWS
        assert insert(connection, [Entry(b"x", id="x")], 7) == ROWS + 1


def test_totals_go_on_behind_what_is_forgotten():
    with log() as connection:
        insert(connection, [Entry(b"a" * 1000)] * 4, 7)
        connection.execute("DELETE FROM message WHERE seq <= 2")
        assert history.piece(connection, 99, 99, 1) == (1, 3)
        assert history.piece(connection, 99, 99, 2500) == (2, 4)
        connection.execute("DELETE FROM message")
        assert find_end(connection) == End(4, 0)
        assert history.piece(connection, 99, 99, 1) == (0, 0)
        assert insert(connection, [Entry(b"b")] * 3, 7) == 7
        assert history.piece(connection, 6, 99, 10**9) == (2, 6)


@given(
    st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 29),
    st.integers(0, 31),
    st.integers(0, 31),
    st.integers(1, 31),
    st.integers(1, 3000),
    st.sampled_from(["", "k"]),
)
def test_a_piece_has_as_much_as_was_asked_for(sizes, forgotten, after, through, most, octets, key):
    with log() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "EXPORT_BYTES", octets)
        insert(connection, [Entry(b"x" * size, "k" if has_key else "") for size, has_key in sizes], 7)
        everything = history.read(connection, 0, 99)
        connection.execute("DELETE FROM message WHERE seq <= ?", (forgotten,))
        wanted = [
            as_line(one)
            for one in everything
            if max(after, forgotten) < one.seq <= through and (not key or one.key == key)
        ]
        exported = history.export(connection, after, through, most, key)
        count = exported.messages
        assert exported.octets == b"".join(wanted[:count])
        assert count == min(1, len(wanted)) or (count <= most and len(exported.octets) <= octets)
        is_all = count == min(most, len(wanted))
        assert is_all or sum(map(len, wanted[: count + 1])) > octets


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(0, 39), st.integers(-1, 51))
def test_since_a_time(times, forgotten, time):
    with log() as connection:
        for number in sorted(times):
            insert(connection, [Entry(b"")], number)
        connection.execute("DELETE FROM message WHERE seq <= ?", (forgotten,))
        before = sum(number < time for number in times)
        assert history.seq_before(connection, time) == max(before, min(forgotten, len(times)))
