"""A channel whose store other processes share."""

from __future__ import annotations

import pytest_twisted
from twisted.internet import reactor

from protocols.channels.channel import Channel
from protocols.channels.message import Entry


class Reader:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.count = 0

    def came(self, batch):
        self.seqs += [message.seq for message in batch.messages]

    def missed(self, count):
        self.count += count

    def cut_off(self, reason):
        self.seqs.append(-1)


@pytest_twisted.ensureDeferred
async def test_what_was_forgotten_before_it_was_heard_of_is_missed(scene, monkeypatch):
    async with scene() as other:
        here = scene()
        channel = Channel("readings", here.store, clock=reactor)
        await channel.open()
        current, paused = Reader(), Reader()
        for reader in (current, paused):
            subscription = channel.subscribe(reader, 0)
            subscription.resume()
        subscription.pause()
        await channel.publish([Entry(b"a")])
        await other.until(lambda: current.seqs == [1])
        # For a while it hears nothing of what the other does.
        monkeypatch.setattr(here.store._turns, "look", lambda: None)
        await other.publish(b"b", b"c")
        await other.store.trim(3)
        await channel.publish([Entry(b"d")])
        await other.until(lambda: current.seqs == [1, 4])
        assert current.count == 2
        assert channel.last == 4
        subscription.resume()
        await other.until(lambda: paused.seqs == [4])
        assert paused.count == 3
        await channel.close()
