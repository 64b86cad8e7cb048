"""Several processes share a file."""

from __future__ import annotations

import json
import threading
import time

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from protocols.channels.message import Entry
from protocols.channels.sqlite.database import Database
from protocols.channels.sqlite.history import read
from protocols.channels.sqlite.writing import Writing

PUBLISHES = """
async def main(store, came):
    sys.stdin.readline()
    for number in range(int(sys.argv[2])):
        await store.append([Entry(b"%d" % number, id="%s%d" % (sys.argv[3], number))])
    say("done", len(came))
"""

ECHOES = """
async def main(store, came):
    seen = 0
    while b"end" not in [message.body for message in came]:
        for message in came[seen:]:
            if message.body.startswith(b"ask"):
                await store.append([Entry(b"answer" + message.body)])
        seen = len(came)
        await deferLater(reactor, 0)
"""


@pytest_twisted.ensureDeferred
async def test_each_hears_of_everything_in_order_and_once(scene, other):
    processes = [other(PUBLISHES, 200, name) for name in "ab"]
    async with scene() as here:
        for process in processes:
            assert process.stdout.readline() == "open\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for number in range(200):
            await here.publish(b"%d" % number, id=f"c{number}")
        await here.until(lambda: len(here.came) == 600)
        assert [message.seq for message in here.came] == list(range(1, 601))
        for name in "abc":
            own = [message.id for message in here.came if message.id.startswith(name)]
            assert own == [f"{name}{number}" for number in range(200)]
        for process in processes:
            assert (await deferToThread(process.stdout.readline)).startswith("done")


@pytest_twisted.ensureDeferred
async def test_what_one_publishes_another_hears_within_milliseconds(scene, other):
    process = other(ECHOES)
    async with scene() as here:
        assert process.stdout.readline() == "open\n"
        times = []
        for number in range(20):
            asked = time.monotonic()
            await here.publish(b"ask%d" % number)
            await here.until(lambda number=number: b"answerask%d" % number in here.bodies)
            times.append(time.monotonic() - asked)
        await here.publish(b"end")
        # There and back; looking from time to time would take a second.
        assert sorted(times)[10] < 0.5
        assert await deferToThread(process.wait) == 0


@pytest_twisted.ensureDeferred
async def test_an_id_that_another_has_published(scene):
    async with scene() as one, scene() as two:
        (first,) = await one.publish(b"a", id="x")
        (again,) = await two.publish(b"b", id="x")
        assert (first.is_new, again.is_new) == (True, False)
        assert again.seq == first.seq
        assert two.bodies == [b"a"], "it has heard of it before its publisher is told"


@pytest_twisted.ensureDeferred
async def test_one_id_from_two_at_the_same_time(scene):
    async with scene() as one, scene() as two:
        for number in range(50):
            both = [each.store.append([Entry(b"x", id=str(number))]) for each in (one, two)]
            receipts = [(await each)[0] for each in both]
            assert sorted(receipt.is_new for receipt in receipts) == [False, True]
            assert len({receipt.seq for receipt in receipts}) == 1
        await one.until(lambda: len(one.came) == len(two.came) == 50)


def test_lines_have_the_numbers_of_their_rows_whoever_is_faster(file):
    databases = [Database(file, full=False, writes=True) for _ in range(3)]
    writings = [Writing(database) for database in databases]
    for writing in writings:
        writing.begin()
    told = {}

    def publish(name, writing):
        for number in range(150):
            bodies = [b"%d.%d.%d" % (name, number, at) for at in range(1 + number % 3)]
            entries = [Entry(body, id=body.decode() if number % 5 == 0 else "") for body in bodies]
            # Without the bell, with which they would wait for one another.
            turn = writing.turn([entries], [], 7)
            told.update({receipt.seq: body for receipt, body in zip(turn.receipts[0], bodies, strict=True)})

    threads = [threading.Thread(target=publish, args=one) for one in enumerate(writings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection = databases[0].open()
    messages = read(connection, 0, 10_000)
    assert [message.seq for message in messages] == list(range(1, 901))
    assert told == {message.seq: message.body for message in messages}
    wrong = connection.execute(
        "SELECT count(*) FROM (SELECT *, sum(size) OVER (ORDER BY seq) AS sum FROM message) "
        "WHERE seq != json_extract(line, '$.seq') OR size != length(line) OR total != sum"
    )
    assert wrong.fetchone() == (0,)
    for writing in writings:
        writing._database.drop()


@pytest_twisted.ensureDeferred
async def test_one_that_is_behind_publishes_behind_all(scene, monkeypatch):
    async with scene() as one, scene() as two:
        monkeypatch.setattr(two.store._turns, "look", lambda: None)
        await one.publish(b"a", b"b")
        assert [receipt.seq for receipt in await two.publish(b"c")] == [3]
        await one.store.trim(3)
        assert [receipt.seq for receipt in await one.publish(b"d")] == [4]
        assert [receipt.seq for receipt in await two.publish(b"e", id="e")] == [5]
        await one.until(lambda: one.came[-1].seq == 5)
        lines = (await one.store.export(0, 9, 9)).octets.splitlines()
        assert [json.loads(line)["seq"] for line in lines] == [4, 5]


@pytest_twisted.ensureDeferred
async def test_what_was_forgotten_before_it_was_heard_of_is_left_out(scene, monkeypatch):
    async with scene() as one, scene() as two:
        await one.publish(b"a")
        await two.until(lambda: two.bodies == [b"a"])
        # For a while the second hears nothing.
        monkeypatch.setattr(two.store._turns, "look", lambda: None)
        await one.publish(b"b", b"c", b"d")
        await one.store.trim(3)
        assert two.bodies == [b"a"]
        monkeypatch.undo()
        await two.until(lambda: len(two.came) == 2)
        assert [message.seq for message in two.came] == [1, 4]
        await two.until(lambda: two.store.extent[:3] == (4, 4, 1))


@pytest_twisted.ensureDeferred
async def test_what_is_published_while_much_else_was(scene, monkeypatch):
    async with scene() as one, scene() as two:
        monkeypatch.setattr(two.store._turns, "look", lambda: None)
        for _ in range(30):
            await one.publish(*([b"x"] * 100))
        await two.publish(b"last")
        assert [message.seq for message in two.came] == list(range(1, 3002))
        assert two.bodies[-1] == b"last"


@pytest_twisted.ensureDeferred
async def test_groups_share_over_processes(scene):
    async with scene() as one, scene() as two:
        await one.publish(*(b"%d" % number for number in range(40)))
        claims = []
        for _ in range(10):
            both = [each.store.claim("g", 2, 30.0) for each in (one, two)]
            for claiming in both:
                claims += await claiming
        assert sorted(claim.message.seq for claim in claims) == list(range(1, 41))


@pytest_twisted.ensureDeferred
async def test_without_inotify_it_looks_from_time_to_time(scene, monkeypatch):
    def no_inotify(*_):
        raise OSError("there is none")

    async with scene() as one:
        two = scene()
        monkeypatch.setattr(two.store._bell, "_notify", no_inotify)
        async with two:
            await one.publish(b"a")
            await two.until(lambda: two.bodies == [b"a"])


@pytest_twisted.ensureDeferred
async def test_a_bell_that_was_removed_rings_again(scene, file):
    async with scene() as one, scene() as two:
        (file.parent / "readings.sqlite-bell").unlink()
        await one.publish(b"a")
        await two.until(lambda: two.bodies == [b"a"])


@pytest_twisted.ensureDeferred
async def test_opened_by_several_at_once(scene):
    scenes = [scene() for _ in range(6)]
    opening = [each.store.open(each.came.extend) for each in scenes]
    for each in opening:
        await each
    for number, each in enumerate(scenes):
        assert (await each.publish(b"x"))[0].seq == number + 1
    await scenes[0].until(lambda: all(len(each.came) == 6 for each in scenes))
    for each in scenes:
        await each.store.close()
    await deferLater(reactor, 0)
