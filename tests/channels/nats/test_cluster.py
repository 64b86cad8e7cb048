"""Three nats-servers, one of which is killed under load."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults

from protocols.channels.nats import obstacle
from protocols.handlers.coroutines import runner

PUBLISHERS = 8
BEFORE, AFTER = 400, 400


@pytest.fixture
def cluster(nats_server_class, free_port, tmp_path):
    """Three servers that know each other, by name."""
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    ports = {name: (free_port(), free_port()) for name in ("one", "two", "three")}
    routes = ",".join(f"nats://127.0.0.1:{route}" for _, route in ports.values())
    servers = {}
    for name, (port, route) in ports.items():
        options = ("--cluster_name", "tested", "--cluster", f"nats://127.0.0.1:{route}", "--routes", routes)
        servers[name] = nats_server_class(tmp_path / name, port, "--name", name, *options)
        servers[name].start()
    yield servers
    for server in servers.values():
        server.kill()


@pytest_twisted.ensureDeferred
async def test_what_was_acknowledged_is_there_once(cluster, opened_channel, until, said):
    urls = [server.url for server in cluster.values()]
    async with opened_channel(*urls, replicas=3) as bench:
        await bench.publish(b"begin")
        bench.subscribe()
        receipts = {}
        enough = BEFORE

        async def publish(publisher):
            number = 0
            while len(receipts) < enough or number == 0:
                body = b"%d-%d" % (publisher, number)
                (receipt,) = await bench.publish(body, id=f"{publisher}-{number}" if publisher % 2 else "")
                assert receipt.is_new
                receipts[body] = receipt.seq
                number += 1

        in_order = []

        async def publish_without_waiting():
            """Fifty are under way at a time."""
            window = DeferredSemaphore(50)
            waiting = []
            while len(receipts) < enough:
                await window.acquire()
                body = b"in order %d" % len(waiting)
                waiting.append(bench.publish(body).addBoth(passed, window))
            in_order.extend([(await one)[0].seq for one in waiting])

        def passed(outcome, window):
            window.release()
            return outcome

        publishers = [Deferred.fromCoroutine(publish(number)) for number in range(PUBLISHERS)]
        publishers.append(Deferred.fromCoroutine(publish_without_waiting()))
        await until(lambda: len(receipts) >= BEFORE // 2)
        info = await runner(reactor)(bench.store._connection.api("STREAM.INFO.readings"))
        assert info["config"]["num_replicas"] == 3
        leader = info["cluster"]["leader"]
        enough = len(receipts) + AFTER
        cluster[leader].kill()
        await gatherResults(publishers)

        last = max(receipts.values())
        await until(lambda: bench.channel.last >= last)
        await until(lambda: len(bench.came) >= last)
        assert [message.seq for message in bench.came] == list(range(1, len(bench.came) + 1))
        stored = {message.body: message.seq for message in bench.came}
        assert len(stored) == len(bench.came), "none is there twice"
        assert {body: stored[body] for body in receipts} == receipts
        assert bench.missed_count == 0
        # The same, read from a server.
        messages = []
        while len(messages) < last:
            messages += await bench.store.read(len(messages))
        assert messages[:last] == bench.came[:last]
        # In order, for each publisher.
        assert in_order == sorted(set(in_order))
        for publisher in range(PUBLISHERS):
            mine = [seq for body, seq in receipts.items() if body.startswith(b"%d-" % publisher)]
            assert mine == sorted(mine)
    assert len([line for line in said if "is away" in line]) <= 1
