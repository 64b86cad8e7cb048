"""A process that is killed while it publishes."""

from __future__ import annotations

import random

import pytest_twisted

PUBLISHES = """
async def publish(store, name):
    for number in range(10**9):
        body = b"%s-%d" % (name.encode(), number)
        (receipt,) = await store.append([Entry(body, id=body.decode())])
        say(receipt.seq, body.decode())

async def main(store, came):
    from twisted.internet.defer import gatherResults
    names = [f"{sys.argv[2]}.{number}" for number in range(20)]
    await gatherResults([Deferred.fromCoroutine(publish(store, name)) for name in names])
"""

ROUNDS = 10


@pytest_twisted.ensureDeferred
async def test_nothing_that_was_acknowledged_is_lost(scene, other):
    acknowledged = {}
    for number in range(ROUNDS):
        process = other(PUBLISHES, number)
        assert process.stdout.readline() == "open\n"
        lines = [process.stdout.readline() for _ in range(random.randrange(1, 400))]
        process.kill()
        lines += process.stdout.read().splitlines()
        process.wait()
        for line in lines[:-1]:  # the last may have been cut
            seq, body = line.split()
            acknowledged[body.encode()] = int(seq)
    async with scene() as here:
        stored = {}
        position = 0
        while messages := await here.store.read(position):
            assert [message.seq for message in messages] == list(range(position + 1, messages[-1].seq + 1))
            position = messages[-1].seq
            for message in messages:
                assert message.body not in stored, "twice under its id"
                assert message.id.encode() == message.body
                stored[message.body] = message.seq
        assert len(acknowledged) >= ROUNDS
        assert acknowledged.items() <= stored.items()
        assert here.store.extent[:3] == (1, position, position)
        # Whoever was not told says it again.
        (receipt,) = await here.publish(next(iter(stored)), id=next(iter(stored)).decode())
        assert not receipt.is_new
