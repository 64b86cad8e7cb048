"""A channel over the loopback, with clients that others have written."""

from __future__ import annotations

import json
import subprocess
from http.client import HTTPConnection
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import fail
from twisted.internet.threads import deferToThread

from protocols.channels import Channel, Entry, UnavailableError
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.http import ChannelRoute, HTTPFactory
from protocols.journal import Journal

MESSAGES = 60_000
"""Some eight megabytes as lines: more than all buffers on the way."""


class Failing(MemoryStore):
    """One that fails after `pieces`."""

    pieces = 10**9

    def export(self, after: int, through: int, most: int, key: str = "") -> Any:
        self.pieces -= 1
        if self.pieces < 0:
            return fail(UnavailableError("the disk hangs"))
        return super().export(after, through, most, key)


@pytest_twisted.async_yield_fixture
async def served():
    """The port, the channel at /c, and its store."""
    from twisted.internet import reactor

    store = Failing(MemoryLog())
    channel = Channel("c", store, clock=reactor)
    await channel.open()
    factory = HTTPFactory({"/c": ChannelRoute(channel, clock=reactor)}, journal=Journal("web"), clock=reactor)
    listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
    yield listening.getHost().port, channel, store
    await listening.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    factory.stop()
    assert channel.subscribers == 0
    await channel.close()


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def curl(port: int, path: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = ["curl", "--silent", "--max-time", "60", *options, f"http://127.0.0.1:{port}{path}"]
    return subprocess.run(command, capture_output=True, check=False)


@pytest_twisted.ensureDeferred
async def test_many_lines_there_and_back(served):
    port, channel, _ = served
    lines = b"".join(b'{"number":%d}\n' % number for number in range(20_000))
    status, said = await deferToThread(ask, port, "POST", "/c", lines, Content_Type="application/x-ndjson")
    assert (status, json.loads(said)) == (201, {"published": 20_000, "first": 1, "last": 20_000})
    status, said = await deferToThread(ask, port, "GET", "/c")
    assert [json.loads(line)["body"]["number"] for line in said.splitlines()] == list(range(20_000))
    status, said = await deferToThread(ask, port, "GET", "/c?format=json&limit=20000")
    assert len(json.loads(said)["messages"]) == channel.last


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("form", ["ndjson", "json"])
@pytest_twisted.ensureDeferred
async def test_a_download_that_is_broken_off_is_not_taken_for_the_whole(served, version, form):
    port, channel, store = served
    channel.publish([Entry(b"x" * 64)] * MESSAGES)
    path = f"/c?format={form}&limit={MESSAGES}"
    whole = await deferToThread(curl, port, path, version)
    assert (whole.returncode, whole.stdout.count(b'"seq"')) == (0, MESSAGES)
    store.pieces = 3
    part = await deferToThread(curl, port, path, version)
    assert part.returncode not in (0, 28)
    assert 0 < part.stdout.count(b'"seq"') < MESSAGES


@pytest_twisted.ensureDeferred
async def test_a_client_that_wants_only_the_beginning(served):
    port, channel, _ = served

    def begin() -> bytes:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/c")
        beginning = connection.getresponse().read(100)
        connection.close()
        return beginning

    channel.publish([Entry(b"x" * 64)] * MESSAGES)
    assert (await deferToThread(begin)).startswith(b'{"seq":1,')
    status, said = await deferToThread(ask, port, "GET", "/c?since=last")
    assert (status, said.count(b'"seq"')) == (200, 1)


@pytest_twisted.ensureDeferred
async def test_events_of_several_clients(served):
    port, _, _ = served

    def follow() -> list[str]:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/c?since=all", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        ids: list[str] = []
        while len(ids) < 50:
            line = response.readline().decode()
            if line.startswith("id: "):
                ids.append(line[4:].strip())
        response.close()
        connection.close()
        return ids

    clients = [deferToThread(follow) for _ in range(5)]
    for _ in range(50):
        status, _ = await deferToThread(ask, port, "POST", "/c", b"x")
        assert status == 201
    for client in clients:
        assert await client == [str(number) for number in range(1, 51)]
