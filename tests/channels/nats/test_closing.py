"""What is under way as a channel in NATS is closed."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet.defer import DeferredList

from protocols.channels import StalledError, UnavailableError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.nats import store as store_module


class Worker:
    """A member of a group that takes what it is given."""

    def __init__(self):
        self.claims = []
        self.reason = None

    def claimed(self, claims):
        self.claims += claims

    def cut_off(self, reason):
        self.reason = reason


@pytest_twisted.ensureDeferred
async def test_what_was_published_and_settled_reaches_the_server(server, opened_channel):
    async with opened_channel(server.url) as bench:
        await bench.publish(*[b"%d" % number for number in range(300)])
        assert len(await bench.store.claim("g", 300, 60.0)) == 300
        published = [bench.publish(b"%d" % number) for number in range(1000)]
        settled = bench.store.settle("g", range(1, 200))
        given_back = [bench.store.give_back("g", seq, "left", 0.0) for seq in range(200, 301)]
    assert [(await one)[0].seq for one in published] == list(range(301, 1301))
    assert await settled == 199
    assert all(done for done, _ in await DeferredList(given_back, consumeErrors=True))
    async with opened_channel(server.url) as bench:
        assert bench.store.extent.last == 1300
        assert (await bench.store.claim("g", 1, 60.0))[0].tries == 2
        assert (await bench.store.group("g")).claimed == 101


@pytest_twisted.ensureDeferred
async def test_what_a_member_acknowledged_last_is_not_handed_out_again(server, opened_channel, until):
    async with opened_channel(server.url) as bench:
        group = bench.channel.groups["g"] = Group(bench.channel, "g", GroupTerms(deadline=60.0, inflight=500))
        worker = Worker()
        membership = group.join(worker)
        await bench.publish(*[b"%d" % number for number in range(300)])
        await until(lambda: len(worker.claims) == 300)
        membership.settle([claim.message.seq for claim in worker.claims[:299]])
    async with opened_channel(server.url) as bench:
        assert [claim.message.seq for claim in await bench.store.claim("g", 9, 60.0)] == [300]


@pytest_twisted.ensureDeferred
async def test_a_server_that_hangs_is_not_waited_for_for_long(server, opened_channel, monkeypatch, said):
    monkeypatch.setattr(store_module, "CLOSING", 0.2)
    async with opened_channel(server.url) as bench:
        await bench.publish(b"a")
        await bench.store.claim("g", 1, 60.0)
        with server.stopped():
            published = bench.publish(b"b")
            settled = bench.store.settle("g", [1])
            await bench.channel.close()
    assert said == [
        "the stream readings is left before everything is published "
        "(given up: 0, under way, and may have been published: 1)"
    ]
    with pytest.raises(StalledError, match="it may have been published"):
        await published
    with pytest.raises(UnavailableError, match="the channel is closed"):
        await settled
    refused = bench.store.read(0)  # a result, and not raised, as by other stores
    with pytest.raises(UnavailableError, match="the channel is closed"):
        await refused
