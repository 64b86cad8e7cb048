"""What the thread that writes does."""

from __future__ import annotations

import sqlite3

import pytest
import pytest_twisted

from protocols.channels.errors import StalledError
from protocols.channels.message import Entry, Receipt
from protocols.channels.sqlite import writing
from protocols.channels.sqlite.database import Database
from protocols.channels.sqlite.writing import Writing


@pytest.fixture
def open_writing(file):
    opened = []

    def make():
        opened.append(Writing(Database(file, writes=True)))
        opened[-1].begin()
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_publications_and_jobs_are_done_together(open_writing):
    log = open_writing()
    turn = log.turn([[Entry(b"a"), Entry(b"b", id="x")], [Entry(b"c", id="x")]], [lambda c: 7], 5)
    assert turn.receipts == [[Receipt(1), Receipt(2)], [Receipt(2, False)]]
    assert turn.results == [7]
    assert [(one.seq, one.time, one.body) for one in turn.news] == [(1, 5, b"a"), (2, 5, b"b")]


def test_a_job_that_fails_undoes_the_turn(open_writing):
    log = open_writing()
    with pytest.raises(ZeroDivisionError):
        log.turn([[Entry(b"a")]], [lambda c: 1 / 0], 5)
    turn = log.turn([[Entry(b"b")]], [], 5)
    assert turn.receipts == [[Receipt(1)]]
    assert [one.body for one in turn.news] == [b"b"]


def test_an_id_that_another_publishes_in_between(open_writing, monkeypatch):
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"a", id="x")]], [], 5)
    look, times = writing.known, []

    def late(connection, ids):
        times.append(ids)
        return {} if len(times) == 1 else look(connection, ids)

    monkeypatch.setattr(writing, "known", late)
    turn = two.turn([[Entry(b"b"), Entry(b"c", id="x")]], [], 5)
    assert turn.receipts == [[Receipt(2), Receipt(1, False)]]
    assert [message.seq for message in turn.news] == [1, 2]


def test_times_never_go_back(open_writing):
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"a")]], [], 9)
    assert two.turn([], [], 0).news[0].time == 9
    assert [message.time for message in two.turn([[Entry(b"b")]], [], 5).news] == [9]
    assert open_writing().turn([[Entry(b"c")]], [], 5).news[-1].time == 9


def test_more_than_a_statement_takes(open_writing):
    turn = open_writing().turn([[Entry(b"%d" % number) for number in range(1500)]], [], 5)
    assert [receipt.seq for receipt in turn.receipts[0]] == list(range(1, 1501))
    assert [message.body for message in turn.news] == [b"%d" % number for number in range(1500)]


def test_much_that_others_have_published_comes_in_pieces(open_writing, monkeypatch):
    monkeypatch.setattr(writing, "READ_MESSAGES", 10)
    monkeypatch.setattr(writing, "PIECES", 2)
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"%d" % number) for number in range(45)]], [], 5)
    looks = [two.turn([], [], 0) for _ in range(4)]
    assert [(len(look.news), look.is_all) for look in looks] == [
        (20, False),
        (20, False),
        (5, True),
        (0, True),
    ]


@pytest_twisted.ensureDeferred
async def test_what_comes_before_cannot_be_read(scene, monkeypatch, failures):
    async with scene() as one, scene() as two:
        monkeypatch.setattr(two.store._turns, "look", lambda: None)
        await one.publish(b"a")
        read = writing.read

        def broken(*arguments):
            monkeypatch.setattr(writing, "read", read)
            error = sqlite3.OperationalError("it is broken")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise error

        monkeypatch.setattr(writing, "read", broken)
        with pytest.raises(StalledError, match="may have been published"):
            await two.publish(b"b")
        monkeypatch.undo()
        await two.until(lambda: two.bodies == [b"a", b"b"])
        failures.take(writing.UnheardError)


@pytest_twisted.ensureDeferred
async def test_a_channel_that_fails_does_not_keep_publishers_waiting(scene, failures):
    def fails(messages):
        raise ZeroDivisionError

    here = scene()
    await here.store.open(fails)
    assert await here.publish(b"a") == [Receipt(1)]
    await here.store.close()
    failures.take(ZeroDivisionError)
