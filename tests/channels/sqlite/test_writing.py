"""What the thread that writes does."""

from __future__ import annotations

import sqlite3

import pytest
import pytest_twisted

from protocols.channels.errors import StalledError
from protocols.channels.message import Entry, Receipt
from protocols.channels.sqlite import history, writing
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
        one._database.drop()


def test_publications_and_jobs_are_done_together(open_writing):
    log = open_writing()
    turn = log.turn([[Entry(b"a"), Entry(b"b", id="x")], [Entry(b"c", id="x")]], [lambda c: 7], 5)
    assert turn.receipts == [[Receipt(1), Receipt(2)], [Receipt(2, False)]]
    assert turn.results == [7]
    assert [(one.seq, one.time, one.body) for one in turn.news] == [(1, 5, b"a"), (2, 5, b"b")]


def test_a_job_that_makes_a_mistake_is_left_out(open_writing):
    log = open_writing()

    def mistake(connection):
        connection.execute("INSERT INTO member VALUES ('g', 1)")
        return 1 / 0

    turn = log.turn([[Entry(b"a")]], [lambda c: 7, mistake, lambda c: 9], 5)
    assert turn.receipts == [[Receipt(1)]]
    assert [one.body for one in turn.news] == [b"a"]
    assert turn.results[::2] == [7, 9]
    assert turn.results[1].check(ZeroDivisionError)
    count = log.turn([], [lambda c: c.execute("SELECT count(*) FROM member").fetchone()], 5)
    assert count.results == [(0,)]


def test_a_file_that_fails_undoes_the_turn(open_writing):
    log = open_writing()

    def full(connection):
        raise sqlite3.OperationalError("full")

    with pytest.raises(sqlite3.OperationalError):
        log.turn([[Entry(b"a")]], [full], 5)
    turn = log.turn([[Entry(b"b")]], [], 5)
    assert turn.receipts == [[Receipt(1)]]
    assert [one.body for one in turn.news] == [b"b"]


def test_behind_jobs_it_is_looked_what_others_have_published(open_writing):
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"a")]], [], 5)
    turn = two.turn([], [lambda c: 7], 5)
    assert ([message.body for message in turn.news], turn.is_all) == ([b"a"], True)


def test_what_cannot_be_looked_for_behind_jobs_undoes_nothing(open_writing, monkeypatch):
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"a")]], [], 5)

    def broken(*arguments):
        raise sqlite3.OperationalError("it is broken")

    monkeypatch.setattr(writing, "read", broken)
    turn = two.turn([], [lambda c: c.execute("INSERT INTO member VALUES ('g', 1)").rowcount], 5)
    assert (turn.results, turn.news, turn.is_all) == ([1], (), False)
    with pytest.raises(sqlite3.OperationalError):
        two.turn([], [], 5)
    monkeypatch.undo()
    assert [message.body for message in two.turn([], [], 5).news] == [b"a"]


def test_after_a_failure_aside_it_looks_anew(open_writing):
    one, two = open_writing(), open_writing()
    two.turn([], [], 5)
    one.turn([[Entry(b"a")]], [], 5)
    with pytest.raises(ZeroDivisionError):
        two.aside(lambda connection: 1 / 0)
    assert two._version == 0
    assert [message.body for message in two.turn([], [], 5).news] == [b"a"]


def test_the_time_is_not_before_that_of_the_last_who_had_the_lock(open_writing, file):
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"a")]], [], 9)
    # The second has heard of nothing yet.
    (message, own) = two.turn([[Entry(b"b")]], [], 5).news
    assert (message.time, own.time) == (9, 9)
    (row,) = two._database.open().execute("SELECT time, line FROM message WHERE seq = 2").fetchall()
    assert row == (9, '{"seq":2,"time":9,"body":"b"}\n')
    one.turn([[Entry(b"c")]], [], 12)
    # Also with others in one transaction.
    assert two.turn([[Entry(b"d")]], [lambda c: 7], 5).news[-1].time == 12


def test_publishing_does_not_read_more_of_others_than_looking_does(open_writing, monkeypatch):
    monkeypatch.setattr(writing, "READ_MESSAGES", 10)
    monkeypatch.setattr(writing, "PIECES", 2)
    monkeypatch.setattr(writing, "read", lambda c, after, most: history.read(c, after, min(most, 10)))
    one, two = open_writing(), open_writing()
    one.turn([[Entry(b"%d" % number) for number in range(35)]], [], 5)
    turn = two.turn([[Entry(b"own")]], [], 5)
    assert turn.receipts == [[Receipt(36)]]
    assert ([message.seq for message in turn.news], turn.is_all) == (list(range(1, 21)), False)
    turn = two.turn([], [], 5)
    assert ([message.seq for message in turn.news], turn.is_all) == (list(range(21, 37)), False)


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
        for each in (one, two):
            monkeypatch.setattr(each.store._turns, "look", lambda: None)
        await two.publish(b"0")  # what it was asked to look for before is done with
        await one.publish(b"a")
        read = writing.read

        def broken(*arguments):
            monkeypatch.setattr(writing, "read", read)
            error = sqlite3.OperationalError("it is broken")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise error

        monkeypatch.setattr(writing, "read", broken)
        # It is published, and told of once that is read.
        assert await two.publish(b"b") == [Receipt(3)]
        assert two.bodies == [b"0", b"a", b"b"]


@pytest_twisted.ensureDeferred
async def test_what_comes_before_cannot_be_read_for_long(scene, monkeypatch, failures):
    async with scene() as one, scene() as two:
        for each in (one, two):
            monkeypatch.setattr(each.store._turns, "look", lambda: None)
        await two.publish(b"0")  # what it was asked to look for before is done with
        await one.publish(b"a")

        def broken(*arguments):
            error = sqlite3.OperationalError("it is broken")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise error

        monkeypatch.setattr(writing, "read", broken)
        with pytest.raises(StalledError, match="may have been published"):
            await two.publish(b"b")
        monkeypatch.undo()
        await two.until(lambda: two.bodies == [b"0", b"a", b"b"])
        failures.take(sqlite3.OperationalError)


@pytest_twisted.ensureDeferred
async def test_publishers_are_told_once_everything_before_was(scene, monkeypatch):
    monkeypatch.setattr(writing, "PIECES", 1)
    async with scene() as one, scene() as two:
        monkeypatch.setattr(two.store._turns, "look", lambda: None)
        await one.publish(*([b"x"] * 1500))
        published = [two.store.append([Entry(b"own")]), two.store.append([Entry(b"own", id="x")])]
        heard = [told.addCallback(lambda receipts: (receipts[0].seq, len(two.came))) for told in published]
        assert [await one for one in heard] == [(1501, 1502), (1502, 1502)]
        assert [message.seq for message in two.came] == list(range(1, 1503))


@pytest_twisted.ensureDeferred
async def test_a_channel_that_fails_does_not_keep_publishers_waiting(scene, failures):
    def fails(messages):
        raise ZeroDivisionError

    here = scene()
    await here.store.open(fails)
    assert await here.publish(b"a") == [Receipt(1)]
    await here.store.close()
    failures.take(ZeroDivisionError)
