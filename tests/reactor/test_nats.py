"""nats-py, a large library for asyncio, against a real server, in our reactor."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess

import nats
import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from protocols.handlers.coroutines import runner

SERVER = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.skipif(not hasattr(reactor, "loop"), reason="runs no asyncio"),
    pytest.mark.skipif(SERVER is None, reason="nats-server is not installed"),
]

PATIENCE = 20
MESSAGES = 200


@pytest.fixture
def server(tmp_path):
    """The URL of a nats-server with JetStream, which keeps its files in the test's folder."""
    command = [SERVER, "--addr", "127.0.0.1", "--port", "-1", "--jetstream", "--store_dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = None
            for line in process.stderr:
                if found := re.search(r"client connections on (\S+)", line):
                    url = f"nats://{found[1]}"
                if "Server is ready" in line:
                    break
            assert url, "nats-server ended"
            yield url
        finally:
            process.terminate()


def in_reactor(test):
    """Run `test` as a user's function is run."""

    @pytest_twisted.inlineCallbacks
    def run(server):
        yield runner(reactor)(asyncio.wait_for(test(server), PATIENCE))

    run.__name__ = test.__name__
    return run


async def _requests(server):
    client = await nats.connect(server)

    async def answer(message):
        # A Deferred in the middle of what asyncio runs.
        await deferLater(reactor, 0).asFuture(asyncio.get_running_loop())
        await message.respond(message.data.upper())

    await client.subscribe("shout", cb=answer)
    replies = await asyncio.gather(*(client.request("shout", b"%d a" % n) for n in range(MESSAGES)))
    assert [reply.data for reply in replies] == [b"%d A" % n for n in range(MESSAGES)]
    await client.drain()


async def _stream(server):
    client = await nats.connect(server)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="readings", subjects=["readings.*"])
    for number in range(MESSAGES):
        acknowledged = await jetstream.publish("readings.a", b"%d" % number)
        assert acknowledged.seq == number + 1
    consumer = await jetstream.pull_subscribe("readings.*", durable="tested")
    got = []
    while len(got) < MESSAGES:
        for message in await consumer.fetch(50, timeout=PATIENCE):
            got.append(message.data)
            await message.ack()
    assert got == [b"%d" % number for number in range(MESSAGES)]
    await client.close()


test_requests = in_reactor(_requests)
test_stream = in_reactor(_stream)
