"""NATS goes away, and comes back."""

from __future__ import annotations

import re

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, gatherResults
from twisted.internet.task import deferLater

from protocols.channels import Entry, Receipt, StalledError, UnavailableError
from protocols.channels.since import Since


@pytest_twisted.ensureDeferred
async def test_what_is_published_meanwhile_is_there_afterwards_in_order(server, opened_channel, until, said):
    async with opened_channel(server.url) as bench:
        bench.subscribe()
        await bench.publish(b"0")
        server.kill()
        await until(lambda: said)
        waiting = [bench.publish(b"%d" % number, key="k") for number in range(1, 51)]
        await server.restart()
        receipts = [(await one)[0] for one in waiting]
        assert receipts == [Receipt(seq) for seq in range(2, 52)]
        await until(lambda: len(bench.came) == 51)
        assert bench.bodies == [b"%d" % number for number in range(51)]
        assert bench.missed_count == 0
        assert bench.store.extent[:3] == (1, 51, 51)
        assert (
            said
            == [
                f"NATS at {server.url.removeprefix('nats://')} is away: it closed the connection",
                f"NATS at {server.url.removeprefix('nats://')} is back",
            ]
            or "away: unexpected EOF" in said[0]
        )


@pytest_twisted.ensureDeferred
async def test_no_more_waits_than_may(server, opened_channel, until):
    async with opened_channel(server.url, pending=10) as bench:
        server.kill()
        await until(lambda: not bench.store._asking.is_ready)
        waiting = [bench.publish(b"x") for _ in range(10)]
        with pytest.raises(UnavailableError, match=r"^NATS is away: .*, and 10 messages wait for it$"):
            bench.publish(b"one more")
        await server.restart()
        assert [one.seq for (one,) in await gatherResults(waiting)] == list(range(1, 11))
        await bench.publish(b"now it is taken")


@pytest_twisted.ensureDeferred
async def test_who_waits_too_long_is_refused_and_not_published(server, opened_channel, until):
    async with opened_channel(server.url, stalled=0.3) as bench:
        server.kill()
        await until(lambda: not bench.store._asking.is_ready)
        with pytest.raises(UnavailableError) as refused:
            await bench.publish(b"x")
        assert not isinstance(refused.value, StalledError)
        await server.restart()
        await until(lambda: bench.store._asking.is_ready)
        assert await bench.publish(b"y") == [Receipt(1)]


@pytest_twisted.ensureDeferred
async def test_a_lost_answer_publishes_nothing_twice(server, opened_channel, until):
    """The server is killed while hundreds are on their way: some are stored whose answers nobody has got."""
    async with opened_channel(server.url) as bench:
        waiting = [bench.publish(b"%d" % number) for number in range(600)]
        await until(lambda: waiting[100].called)
        server.kill()
        assert not waiting[-1].called
        await server.restart()
        receipts = [(await one)[0] for one in waiting]
        assert receipts == [Receipt(seq) for seq in range(1, 601)]
        messages = []
        while len(messages) < 600:
            messages += await bench.store.read(len(messages))
        assert [message.body for message in messages] == [b"%d" % number for number in range(600)]
        assert not any(message.id for message in messages)


@pytest_twisted.ensureDeferred
async def test_a_server_that_hangs_is_told_of(server, opened_channel, until):
    async with opened_channel(server.url, stalled=0.5) as bench:
        await bench.publish(b"a", id="a")
        with server.stopped(), pytest.raises(StalledError, match="it may have been published"):
            await bench.publish(b"b", id="b")
        (receipt,) = await bench.publish(b"b", id="b")
        assert receipt.seq == 2
        assert [message.body for message in await bench.store.read(0)] == [b"a", b"b"]


@pytest_twisted.ensureDeferred
async def test_it_begins_without_nats(server, opened_channel, until, said):
    async with opened_channel(server.url) as bench:
        await bench.publish(b"old")
    server.kill()
    async with opened_channel(server.url) as bench:
        assert bench.store.extent[:3] == (1, 0, 0)
        bench.subscribe()
        places = [bench.channel.position(since) for since in (Since("new"), Since("all"), Since("seq", 1))]
        assert not any(place.called for place in places)
        waiting = bench.publish(b"new")
        await server.restart()
        assert await waiting == [Receipt(2)]
        assert [await place for place in places] == [1, 0, 1]
        assert bench.store.known().called
        await until(lambda: len(bench.came) == 2)
        assert bench.bodies == [b"old", b"new"]
        assert bench.store.extent[:3] == (1, 2, 2)
    assert len([line for line in said if "away" in line]) == 1
    assert len([line for line in said if "back" in line]) == 1


@pytest_twisted.ensureDeferred
async def test_readers_are_told_when_it_is_away_for_long(server, opened_channel, until, monkeypatch):
    monkeypatch.setattr("protocols.channels.nats.asking.PATIENCE", 0.1)
    async with opened_channel(server.url) as bench:
        server.kill()
        await until(lambda: not bench.store._asking.is_ready)
        for ask in (bench.store.read(0), bench.store.seq_before(1), bench.store.claim("g", 1, 30.0)):
            with pytest.raises(UnavailableError, match=r"^NATS is away: "):
                await ask


@pytest_twisted.ensureDeferred
async def test_readers_are_told_when_it_has_never_been_there(server, opened_channel, monkeypatch):
    monkeypatch.setattr("protocols.channels.nats.asking.PATIENCE", 0.1)
    server.kill()
    async with opened_channel(server.url) as bench:
        for since in (Since("all"), Since("seq", 17), Since("new"), Since("last")):
            with pytest.raises(UnavailableError, match=r"^NATS is away: "):
                await bench.channel.position(since)


@pytest_twisted.ensureDeferred
async def test_it_is_known_for_how_long_it_has_been_away(server, opened_channel, until, monkeypatch):
    async with opened_channel(server.url) as bench:
        assert bench.store.trouble == ""
        server.kill()
        await until(lambda: bench.store.trouble)
        assert re.fullmatch(r"NATS is away: .*, for 0 s", bench.store.trouble)
        bench.store._away_since -= 300.0
        attempts, lost = [], bench.store.lost
        monkeypatch.setattr(bench.store, "lost", lambda: attempts.append(lost()))
        await until(lambda: len(attempts) == 2)
        assert re.fullmatch(r"NATS is away: .*, for 30\d s", bench.store.trouble), "the same outage"
        await server.restart()
        await until(lambda: not bench.store.trouble)


@pytest_twisted.ensureDeferred
async def test_claims_outlive_the_server(server, opened_channel, until):
    async with opened_channel(server.url) as bench:
        await bench.publish(b"a", b"b")
        assert [claim.message.seq for claim in await bench.store.claim("g", 1, 30.0)] == [1]
        server.stop()
        await until(lambda: not bench.store._asking.is_ready)
        await server.restart()
        # A lone server may forget the newest claim when it ends: it writes them down a little later.
        again = [claim.message.seq for claim in await bench.store.claim("g", 9, 30.0)]
        assert again in ([2], [1, 2])
        assert await bench.store.settle("g", [1, 2]) == 2
        assert (await bench.store.group("g"))[:2] == (2, 0)


@pytest_twisted.ensureDeferred
async def test_closing_without_nats_refuses_what_waits(server, opened_channel, until, said):
    async with opened_channel(server.url) as bench:
        server.kill()
        await until(lambda: not bench.store._asking.is_ready)
        waiting, reading = bench.publish(b"x", b"y"), bench.store.read(0)
    for told in (waiting, reading):
        with pytest.raises(UnavailableError, match="the channel is closed"):
            await told
    with pytest.raises(UnavailableError, match="the channel is closed"):
        bench.store.append([Entry(b"x")])
    assert await deferLater(reactor, 0) is None
    assert said[-1] == (
        "the stream readings is left before everything is published "
        "(given up: 2, under way, and may have been published: 0)"
    )


@pytest_twisted.ensureDeferred
async def test_closing_finishes_what_is_under_way(server, opened_channel, until):
    async with opened_channel(server.url) as bench:
        waiting = [bench.publish(b"%d" % number) for number in range(5000)]
        await until(lambda: waiting[100].called)
        assert not waiting[-1].called
        server.kill()
        await server.restart()
    outcomes = await DeferredList(waiting, consumeErrors=True)
    receipts = [outcome[0] for is_published, outcome in outcomes if is_published]
    assert receipts == [Receipt(seq) for seq in range(1, len(receipts) + 1)]
    assert len(receipts) > 100
    errors = [outcome.value for is_published, outcome in outcomes if not is_published]
    assert {str(error) for error in errors} <= {"the channel is closed"}
