"""What groups are handed out at a time."""

from __future__ import annotations

import pytest_twisted

from protocols.channels.store import READ_BYTES


@pytest_twisted.ensureDeferred
async def test_it_is_not_more_than_is_read_at_a_time(scene):
    async with scene() as here:
        await here.publish(*([b"x" * (READ_BYTES // 3)] * 4), b"y" * 2 * READ_BYTES, b"z", b"z")

        async def handed_out() -> list[list[int]]:
            found = []
            while claims := await here.store.claim("g", 9, 30.0):
                found.append([claim.message.seq for claim in claims])
            return found

        assert await handed_out() == [[1, 2], [3, 4], [5], [6, 7]]
        for seq in range(1, 8):
            await here.store.give_back("g", seq, "", 0.0)
        assert await handed_out() == [[1, 2], [3, 4], [5], [6, 7]]


@pytest_twisted.ensureDeferred
async def test_what_is_due_again_and_what_is_new_share_the_room(scene):
    async with scene() as here:
        await here.publish(*([b"x" * (READ_BYTES // 3)] * 9))
        assert len(await here.store.claim("g", 1, 0.0)) == 1
        claims = await here.store.claim("g", 9, 30.0)
        assert [(claim.message.seq, claim.tries) for claim in claims] == [(1, 2), (2, 1)]
