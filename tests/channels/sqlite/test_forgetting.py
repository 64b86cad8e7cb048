"""Messages that are forgotten, and the file's size."""

from __future__ import annotations

from pathlib import Path

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from protocols.channels.message import Entry
from protocols.channels.sqlite import checkpoints, forgetting
from protocols.channels.store import READ_MESSAGES

MEGABYTE = 1024 * 1024


@pytest_twisted.ensureDeferred
async def test_publishers_go_on_while_much_is_forgotten(scene, monkeypatch):
    monkeypatch.setattr(forgetting, "ROWS", 100)
    async with scene() as here:
        for _ in range(10):
            await here.publish(*([b"x"] * 500))
        trimming = here.store.trim(5000)
        between = 0
        while not trimming.called:
            await here.publish(b"y")
            between += 1
        assert await trimming == 5000
        assert between > 10
        assert here.store.extent[:3] == (5001, 5000 + between, between)


@pytest_twisted.ensureDeferred
async def test_octets_are_what_the_file_takes(scene):
    async with scene() as here:
        assert here.store.extent.octets == 0
        for _ in range(10):
            await here.publish(*([b"x" * 50_000] * 10))
        await here.store.trim(1)
        assert 4_950_000 <= here.store.extent.octets < 5_200_000
        await here.store.retain(0, 2 * MEGABYTE)
        assert 1.8 * MEGABYTE < here.store.extent.octets <= 2 * MEGABYTE
        assert here.store.extent.last == 100
        await here.store.trim(100)
        assert here.store.extent.octets < 50_000


@pytest_twisted.ensureDeferred
async def test_the_file_gets_smaller_again(scene, file, monkeypatch):
    monkeypatch.setattr(forgetting, "FREE", 64)
    async with scene() as here:
        for _ in range(10):
            await here.publish(*([b"x" * 50_000] * 20))
        # One of its own keeps another from beginning.
        await here.until(lambda: not here.store._checkpoints._is_busy)
        await here.in_writer(checkpoints.checkpoint)
        assert file.stat().st_size > 9 * MEGABYTE
        await here.store.trim(190)
        await here.in_writer(checkpoints.checkpoint)
        assert file.stat().st_size < 2 * MEGABYTE
        assert len(await here.store.read(0, 4)) == 4


@pytest_twisted.ensureDeferred
async def test_the_log_begins_anew(scene, file, monkeypatch):
    monkeypatch.setattr(checkpoints, "BEGIN", MEGABYTE)
    monkeypatch.setattr(checkpoints, "LONG", 2 * MEGABYTE)
    longest = 0
    async with scene() as here:
        for _ in range(40):
            for one in [here.store.append([Entry(b"x" * 10_000)]) for _ in range(100)]:
                await one
            longest = max(longest, Path(f"{file}-wal").stat().st_size)
        assert longest < 20 * MEGABYTE
        assert file.stat().st_size > 20 * MEGABYTE, "it is taken over meanwhile"


@pytest_twisted.ensureDeferred
async def test_readers_go_on_while_much_is_forgotten(scene):
    async with scene() as here:
        for _ in range(10):
            await here.publish(*([b"x" * 100] * READ_MESSAGES))
        trimming = here.store.trim(9 * READ_MESSAGES)
        while not trimming.called:
            messages = await here.store.read(0)
            seqs = [message.seq for message in messages]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
            assert all(len(message.body) == 100 for message in messages)
            await deferLater(reactor, 0)
        assert (await here.store.read(0, 1))[0].seq == 9 * READ_MESSAGES + 1
