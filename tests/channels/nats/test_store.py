"""What is JetStream's own of a channel there."""

from __future__ import annotations

import json

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from protocols.channels import Entry, TooLargeError, UnavailableError
from protocols.channels.nats import NATSStore, obstacle
from protocols.channels.nats.stream import OURS
from protocols.handlers.coroutines import runner


@pytest.fixture
def api(nats_server):
    """``await api(connection, what, …)``: JetStream's API, as other tools use it."""

    def api(bench, what, **named):
        return runner(reactor)(bench.store._connection.api(what, **named))

    return api


@pytest.fixture
def name(request):
    """A stream of the test's own, on the server that all share."""
    return request.node.name.replace("[", "-").rstrip("]")


@pytest_twisted.ensureDeferred
async def test_a_stream_is_made_as_it_was_asked_for(nats_server, opened_channel, name, api, said):
    async with opened_channel(nats_server.url, stream=name, keep=3600.0, octets=10_000_000) as bench:
        config = (await api(bench, f"STREAM.INFO.{name}"))["config"]
        assert config["subjects"] == [name, f"{name}.>"]
        assert (config["storage"], config["num_replicas"]) == ("file", 1)
        assert (config["max_age"], config["max_bytes"]) == (3600 * 10**9, 10_000_000)
        assert config["duplicate_window"] == 120 * 10**9
    async with opened_channel(nats_server.url, stream=name, keep=7200.0, octets=10_000_000) as bench:
        assert (await api(bench, f"STREAM.INFO.{name}"))["config"]["max_age"] == 7200 * 10**9
        assert said == []


@pytest_twisted.ensureDeferred
async def test_a_stream_of_ours_that_cannot_be_changed(nats_server, opened_channel, name, api, said):
    async with opened_channel(nats_server.url, stream="unused") as bench:
        await api(bench, f"STREAM.CREATE.{name}", name=name, description=OURS, storage="memory")
    async with opened_channel(nats_server.url, stream=name):
        pass
    (line,) = said
    assert line.startswith(f"the stream {name} cannot be changed (JetStream: ")
    assert "), and is used as it is: " in line
    assert "storage is memory, not file" in line


@pytest_twisted.ensureDeferred
async def test_a_stream_of_others_is_used_as_it_is(nats_server, opened_channel, name, api, said):
    async with opened_channel(nats_server.url, stream="unused") as bench:
        await api(bench, f"STREAM.CREATE.{name}", name=name, subjects=["events.>"], storage="memory")
        client = bench.store._connection.client
        await runner(reactor)(client.request("events.a.b", b"theirs", headers={"Colour": "red"}))
    async with opened_channel(nats_server.url, stream=name) as bench:
        await bench.publish(b"ours", key="pump.3")
        await bench.publish(b"no key")
        messages = await bench.store.read(0)
        assert [(m.body, m.key, m.headers) for m in messages] == [
            (b"theirs", "a.b", (("Colour", "red"),)),
            (b"ours", "pump.3", ()),
            (b"no key", "", ()),
        ]
        assert [m.body for m in await bench.store.read(0, key="a.b")] == [b"theirs"]
        assert (await api(bench, f"STREAM.INFO.{name}"))["config"]["storage"] == "memory"
    (line,) = said
    assert line.startswith(
        f"the stream {name} was made by others, and is used as it is: subjects is ['events.>'], "
    )
    assert "storage is memory, not file" in line


@pytest_twisted.ensureDeferred
async def test_keys_where_a_subject_has_no_place_for_them(nats_server, opened_channel, name, api):
    async with opened_channel(nats_server.url, stream="unused") as bench:
        await api(bench, f"STREAM.CREATE.{name}", name=name, subjects=[f"one-{name}"])
    async with opened_channel(nats_server.url, stream=name) as bench:
        for number in range(20):
            await bench.publish(b"%d" % number, key="ä b" if number % 2 else "")
        found = await bench.store.read(0, 4, "ä b")
        assert [(m.body, m.key) for m in found] == [(b"%d" % number, "ä b") for number in (1, 3, 5, 7)]
        assert [m.body for m in await bench.store.read(18, 4, "ä b")] == [b"19"]


@pytest_twisted.ensureDeferred
async def test_a_stream_that_cannot_be_published_to(nats_server, opened_channel, name, api, said):
    async with opened_channel(nats_server.url, stream="unused") as bench:
        await api(bench, f"STREAM.CREATE.{name}", name=name, subjects=[f"{name}.*.x"])
    async with opened_channel(nats_server.url, stream=name, pending=1) as bench:
        first = bench.publish(b"waits")
        first.addErrback(lambda failure: failure.trap(UnavailableError))
        with pytest.raises(
            UnavailableError, match="has no subject that a channel can publish to, and 1 messages"
        ):
            bench.publish(b"x")
    assert said[:1] == [f"the stream {name}: the stream {name} has no subject that a channel can publish to"]


@pytest_twisted.ensureDeferred
async def test_a_server_without_jetstream(nats_server_class, free_port, tmp_path, opened_channel, said):
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    server = nats_server_class(tmp_path, free_port())
    server._command.remove("--jetstream")
    del server._command[-2:]
    server.start()
    try:
        async with opened_channel(server.url) as bench:
            waiting = bench.publish(b"x")
        with pytest.raises(UnavailableError):
            await waiting
        assert said[:1] == ["the stream readings: JetStream, or its leader, is not there"]
    finally:
        server.kill()


@pytest_twisted.ensureDeferred
async def test_what_nats_does_not_take(nats_server, opened_channel, name):
    async with opened_channel(nats_server.url, stream=name) as bench:
        for size in (1_100_000, 1_048_576, 1_048_500):
            with pytest.raises(TooLargeError, match="NATS takes no more than 1048576 bytes of a message"):
                await bench.publish(b"x" * size, id="x" * 100)
        (receipt,) = await bench.publish(b"x" * 1_048_400, id="x" * 100)
        assert receipt.seq == 1


@pytest_twisted.ensureDeferred
async def test_what_jetstream_refuses(nats_server, opened_channel, name, api):
    async with opened_channel(nats_server.url, stream="unused") as bench:
        await api(
            bench, f"STREAM.CREATE.{name}", name=name, subjects=[name, f"{name}.>"], max_msgs=1, discard="new"
        )
    async with opened_channel(nats_server.url, stream=name) as bench:
        await bench.publish(b"fits")
        with pytest.raises(UnavailableError, match="JetStream does not take it: maximum messages exceeded"):
            await bench.publish(b"does not")


@pytest_twisted.ensureDeferred
async def test_a_publication_may_be_larger_than_what_is_sent_at_a_time(nats_server, opened_channel, name):
    async with opened_channel(nats_server.url, stream=name) as bench:
        entries = [Entry(b"%d" % number) for number in range(1000)]
        receipts = await bench.store.append(entries)
        assert [receipt.seq for receipt in receipts] == list(range(1, 1001))
        assert await bench.store.append([]) == []
        exported = await bench.store.export(0, 1000, 1000)
        assert [json.loads(line)["body"] for line in exported.octets.splitlines()] == list(
            map(str, range(1000))
        )


@pytest_twisted.ensureDeferred
async def test_two_channels_share_a_stream(nats_server, opened_channel, name, until):
    """As those of two machines do."""
    async with (
        opened_channel(nats_server.url, stream=name) as one,
        opened_channel(nats_server.url, stream=name) as other,
    ):
        other.subscribe()
        await one.publish(b"a")
        await other.publish(b"b", id="x")
        (again,) = await one.publish(b"b", id="x")
        assert again == (2, False)
        await until(lambda: len(other.came) == 2)
        (mine,) = await one.store.claim("g", 1, 30.0)
        (theirs,) = await other.store.claim("g", 9, 30.0)
        assert (mine.message.seq, theirs.message.seq) == (1, 2)
        assert await one.store.due("g") <= 30.0
        # What another has settled, nobody is handed out again.
        assert await one.store.settle("g", [1, 2]) == 1
        assert await one.store.due("g") is None
        assert await other.store.due("g") is None


@pytest_twisted.ensureDeferred
async def test_what_was_forgotten_meanwhile_is_missed(server, opened_channel, until):
    """A subscriber that was current, and a stream that was trimmed before its news came here."""
    async with opened_channel(server.url) as here:
        here.subscribe()
        await here.publish(b"1")
        await until(lambda: here.came)
        hearing = here.store._hearing
        heard, hearing._heard = hearing._heard, lambda messages: None
        async with opened_channel(server.url) as there:
            await there.publish(b"2", b"3")
            await until(lambda: hearing.position == 3)
            hearing._heard = heard
            await there.store.trim(2)
            await there.publish(b"4")
        await until(lambda: here.bodies == [b"1", b"3", b"4"])
        assert here.missed_count == 1


@pytest_twisted.ensureDeferred
async def test_a_consumer_that_is_gone_is_made_again(nats_server, opened_channel, name, api, until):
    async with opened_channel(nats_server.url, stream=name) as bench:
        bench.subscribe()
        await bench.publish(b"1", b"2")
        await bench.store.read(0, 1)
        names = (await api(bench, f"CONSUMER.NAMES.{name}"))["consumers"]
        assert len(names) == 2
        for consumer in names:
            await api(bench, f"CONSUMER.DELETE.{name}.{consumer}")
        assert [m.body for m in await bench.store.read(1)] == [b"2"]
        await bench.publish(b"3")
        await until(lambda: len(bench.came) == 3)


@pytest_twisted.ensureDeferred
async def test_a_group_may_have_any_name_and_another_deadline(nats_server, opened_channel, name, api):
    async with opened_channel(nats_server.url, stream=name) as bench:
        await bench.publish(b"a", b"b")
        group = "forward:Ü.*"
        await bench.store.claim(group, 1, 30.0)
        await bench.store.claim(group, 1, 5.0)
        (consumer,) = [
            info
            for info in (await api(bench, f"CONSUMER.LIST.{name}"))["consumers"]
            if info["config"].get("durable_name")
        ]
        assert consumer["name"] == "forward=3A=C3=9C=2E=2A"
        assert consumer["config"]["ack_wait"] == 5 * 10**9
        assert (await bench.store.group(group))[:2] == (2, 2)


@pytest_twisted.ensureDeferred
async def test_rewinding_forgets_nothing_that_was_not_settled(nats_server, opened_channel, name):
    async with opened_channel(nats_server.url, stream=name) as bench:
        store = bench.store
        await bench.publish(*(b"%d" % number for number in range(1, 6)))
        await store.claim("g", 4, 30.0)
        await store.settle("g", [1, 3])
        await store.rewind("g", 3)
        assert [claim.message.seq for claim in await store.claim("g", 9, 30.0)] == [2, 3, 4, 5]
        await store.settle("g", [2, 3, 4, 5])
        await store.rewind("g", 4)
        assert [claim.message.seq for claim in await store.claim("g", 9, 30.0)] == [5]
        # On, over what is not wanted.
        await store.rewind("other", 99)
        assert list(await store.claim("other", 9, 30.0)) == []
        assert (await store.group("other"))[:2] == (5, 0)


@pytest_twisted.ensureDeferred
async def test_a_reason_is_forgotten_with_what_it_was_about(nats_server, opened_channel, name, monkeypatch):
    monkeypatch.setattr("protocols.channels.nats.group_consumer.ERRORS", 1)
    async with opened_channel(nats_server.url, stream=name) as bench:
        store = bench.store
        await bench.publish(b"1", b"2")
        await store.claim("g", 2, 30.0)
        await store.give_back("g", 1, "one", 0.0)
        await store.give_back("g", 2, "two", 0.0)
        await store.give_back("g", 7, "never handed out", 0.0)
        claims = await store.claim("g", 2, 30.0)
        assert {claim.message.seq: claim.error for claim in claims} == {1: "", 2: "two"}


@pytest.mark.parametrize("name", ["", "a b", "a.b", "*", "x" * 101, "ü"])
def test_a_stream_has_a_name_that_nats_takes(name):
    with pytest.raises(ValueError, match="is no name of a stream"):
        NATSStore(None, name, reactor=reactor)


@pytest_twisted.ensureDeferred
async def test_closing_twice(nats_server, opened_channel, name):
    async with opened_channel(nats_server.url, stream=name) as bench:
        closed = bench.store.close()
        assert isinstance(closed, Deferred)
        await closed
        refused = bench.store.read(0)
        with pytest.raises(UnavailableError, match="the channel is closed"):
            await refused
