"""The write-ahead log, and what the disk is told to keep."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from protocols.channels.message import Entry
from protocols.channels.sqlite import checkpoints
from protocols.channels.sqlite.checkpoints import flush


@pytest.fixture
def flushed(monkeypatch):
    """The files that the disk was told to keep, one for each time."""
    names: list[str] = []
    keep = os.fdatasync

    def recorded(descriptor):
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        keep(descriptor)

    monkeypatch.setattr(os, "fdatasync", recorded)
    return names


@pytest_twisted.ensureDeferred
async def test_in_intervals_the_disk_is_told_once_for_all(scene, flushed):
    async with scene(sync="interval", interval=0.1) as here:
        for _ in range(5):
            await here.publish(b"x")
        assert flushed == []
        await here.until(lambda: flushed)
        assert flushed == ["readings.sqlite-wal"]
        await deferLater(reactor, 0.2)
        assert len(flushed) == 1, "nothing was published since"
        await here.publish(b"y")
    assert len(flushed) == 2, "what is open still when it is closed"


@pytest_twisted.ensureDeferred
async def test_a_disk_that_does_not_keep_it(scene, monkeypatch, failures):
    def broken(file):
        raise OSError(5, "Input/output error")

    async with scene(sync="interval", interval=0.01) as here:
        monkeypatch.setattr(checkpoints, "flush", broken)
        await here.publish(b"x")
        await here.until(lambda: failures.events)
        await here.publish(b"y")
        assert here.bodies == [b"x", b"y"]
        await deferLater(reactor, 0.05)
        failures.take(OSError)
        monkeypatch.undo()
        await here.until(lambda: not here.store._checkpoints._unkept.is_on)


def test_there_may_be_no_log(file):
    flush(file)


@pytest_twisted.ensureDeferred
async def test_who_writes_takes_over_what_is_left(scene, file, monkeypatch):
    monkeypatch.setattr(checkpoints, "BEGIN", 100_000)
    monkeypatch.setattr(checkpoints, "LONG", 100_000)
    async with scene() as here:
        finished = []
        finish = here.store._checkpoints._finish
        monkeypatch.setattr(
            here.store._checkpoints, "_finish", lambda: finish().addCallback(lambda log: finished.append(log))
        )
        while len(finished) < 3:
            await here.publish(b"x" * 20_000)
        assert all(left == 0 for _, left in finished)


@pytest_twisted.ensureDeferred
async def test_a_reader_in_the_way_is_waited_for(scene, monkeypatch):
    monkeypatch.setattr(checkpoints, "BEGIN", 50_000)
    monkeypatch.setattr(checkpoints, "LONG", 50_000)
    monkeypatch.setattr(checkpoints, "LITTLE", 4)
    async with scene() as here, scene() as other:
        await here.publish(b"first")
        reading = other.store._history.open()
        reading.execute("BEGIN")
        assert reading.execute("SELECT count(*) FROM message").fetchone() == (1,)
        for _ in range(20):
            for one in [here.store.append([Entry(b"x" * 10_000)]) for _ in range(10)]:
                await one
        assert reading.execute("SELECT count(*) FROM message").fetchone() == (1,)
        reading.execute("COMMIT")
        assert len(here.came) == 201
