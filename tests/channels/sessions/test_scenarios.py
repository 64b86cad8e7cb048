"""The same scenarios over real sockets: lines and lengths over TCP, Unix, and WebSocket."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from websockets.sync.client import connect as connect_websocket

from protocols.channels import Channel, publish_and_wait
from protocols.channels.directory import HERE
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.sessions import (
    ChatHandler,
    CommandsHandler,
    PublishedReplies,
    PublishHandler,
    SubscribeHandler,
)
from protocols.channels.since import ALL, NEW
from protocols.framing import Length, Lines
from protocols.handlers import FunctionHandler
from protocols.http import HTTPFactory, WebSocketRoute
from protocols.http.websocket import Endpoint
from protocols.journal import Journal
from protocols.session import Handler
from protocols.stream import StreamFactory

WAIT = 20.0


class StreamClient:
    """Messages over a socket; for a thread of its own."""

    def __init__(self, opened: socket.socket, framing: Any) -> None:
        self.socket = opened
        self.socket.settimeout(WAIT)
        self.framing = framing
        self.decoder = framing.decoder()
        self.messages: list[bytes] = []

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(self.framing.encode_all(messages))

    def take(self, number: int) -> list[bytes]:
        while len(self.messages) < number:
            data = self.socket.recv(65_536)
            assert data, self.messages
            self.messages += self.decoder.feed(data)
        taken, self.messages = self.messages[:number], self.messages[number:]
        return taken

    def is_closed(self) -> bool:
        return self.socket.recv(65_536) == b""

    def close(self) -> None:
        self.socket.close()


class WebSocketClient:
    def __init__(self, url: str) -> None:
        self._entered = ExitStack()
        opening = connect_websocket(url, open_timeout=WAIT, close_timeout=WAIT, compression=None)
        self.websocket = self._entered.enter_context(opening)

    def send(self, *messages: bytes) -> None:
        for message in messages:
            self.websocket.send(message.decode())

    def take(self, number: int) -> list[bytes]:
        return [self.websocket.recv(WAIT).encode() for _ in range(number)]

    def is_closed(self) -> bool:
        return list(self.websocket) == []

    def close(self) -> None:
        self._entered.close()


class Carrier:
    """A channel's service on one kind of socket, and its clients; everything is gone after ``stop``."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.path = str(folder / "service")
        self.framing = Length(size=4) if kind == "length" else Lines()
        self.channel = Channel("readings", MemoryStore(MemoryLog()), clock=reactor)
        self.port: Any = None
        self.factory: Any = None
        self.clients: list[Any] = []

    def serve(self, handler: Handler) -> None:
        self.channel.open()
        journal = Journal("tested")
        if self.kind == "ws":
            route = WebSocketRoute(handler, Endpoint(clock=reactor, journal=journal), speaks="text")
            self.factory = HTTPFactory({"/live": route}, journal=journal, clock=reactor)
        else:
            self.factory = StreamFactory(handler, self.framing, journal=journal, clock=reactor)
        if self.kind == "unix":
            self.port = reactor.listenUNIX(self.path, self.factory)
        else:
            self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")

    def connect(self) -> Any:
        """A client; for a thread of its own."""
        client = self._connect()
        self.clients.append(client)
        return client

    def _connect(self) -> Any:
        if self.kind == "unix":
            opened = socket.socket(socket.AF_UNIX)
            opened.connect(self.path)
            return StreamClient(opened, self.framing)
        port = self.port.getHost().port
        if self.kind == "ws":
            return WebSocketClient(f"ws://127.0.0.1:{port}/live")
        return StreamClient(socket.create_connection(("127.0.0.1", port)), self.framing)

    async def stop(self) -> None:
        await deferToThread(lambda: [client.close() for client in self.clients])
        await self.port.stopListening()
        self.factory.abort()
        await self.factory.drain()
        await self.channel.close()


@pytest_twisted.async_yield_fixture(params=["lines", "length", "unix", "ws"])
async def carrier(request, tmp_path):
    carrier = Carrier(request.param, tmp_path)
    HERE.replace({"readings": carrier.channel})
    yield carrier
    HERE.replace({})
    await carrier.stop()


async def run(client: Callable[[], Any]) -> Any:
    return await deferToThread(client)


class TestScenarios:
    @pytest_twisted.ensureDeferred
    async def test_publish(self, carrier):
        carrier.serve(PublishHandler(carrier.channel))

        def client():
            client = carrier.connect()
            client.send(*(b"m%d" % n for n in range(500)))
            return client.take(500)

        assert await run(client) == [b"OK %d" % (n + 1) for n in range(500)]
        kept = await carrier.channel.store.read(0)
        assert [message.body for message in kept[:3]] == [b"m0", b"m1", b"m2"]
        assert kept[0].sender

    @pytest_twisted.ensureDeferred
    async def test_subscribe(self, carrier):
        carrier.serve(SubscribeHandler(carrier.channel, since=ALL, form="json"))

        def client():
            publish_and_wait("readings", "before")
            client = carrier.connect()
            first = client.take(1)
            for n in range(100):
                publish_and_wait("readings", f"m{n}")
            return first + client.take(100)

        bodies = [json.loads(message)["body"] for message in await run(client)]
        assert bodies == ["before", *(f"m{n}" for n in range(100))]

    @pytest_twisted.ensureDeferred
    async def test_chat(self, carrier):
        carrier.serve(ChatHandler(carrier.channel, since=ALL))

        def clients():
            ann, bob = carrier.connect(), carrier.connect()
            ann.send(b"hello")
            heard = ann.take(1) + bob.take(1)
            bob.send(b"hi")
            return heard + ann.take(1) + bob.take(1)

        assert await run(clients) == [b"hello", b"hello", b"hi", b"hi"]

    @pytest_twisted.ensureDeferred
    async def test_commands(self, carrier):
        carrier.serve(CommandsHandler(HERE))

        def clients():
            reader, writer = carrier.connect(), carrier.connect()
            reader.send(b"SUB readings since=all")
            said = reader.take(1)
            writer.send(b"PUB readings key=k a b", b"PING")
            said += writer.take(2) + reader.take(1)
            writer.send(b"QUIT")
            return said + writer.take(1), writer.is_closed()

        assert await run(clients) == ([b"OK", b"OK 1", b"PONG", b"MSG readings 1 a b", b"OK"], True)

    @pytest_twisted.ensureDeferred
    async def test_published_replies(self, carrier):
        handler = FunctionHandler(lambda message: message.upper(), reactor=reactor, run="loop")
        carrier.serve(PublishedReplies(handler, carrier.channel))

        def client():
            client = carrier.connect()
            client.send(b"a", b"b")
            return client.take(2)

        assert await run(client) == [b"OK 1", b"OK 2"]
        kept = await carrier.channel.store.read(0)
        assert [message.body for message in kept] == [b"A", b"B"]
        handler.stop()

    @pytest_twisted.ensureDeferred
    async def test_readers_are_let_go_when_the_service_ends(self, carrier):
        carrier.serve(SubscribeHandler(carrier.channel, since=NEW))
        client = await run(carrier.connect)
        carrier.factory.drain()
        assert await run(client.is_closed)
        assert carrier.channel.subscribers == 0

    @pytest_twisted.ensureDeferred
    async def test_a_slow_reader_loses_nothing(self, carrier):
        carrier.serve(SubscribeHandler(carrier.channel, since=ALL))
        body = "x" * 1000

        def client():
            slow, quick = carrier.connect(), carrier.connect()
            for n in range(5000):
                publish_and_wait("readings", f"{n} {body}")
            last = quick.take(5000)[-1]
            read = slow.take(5000)
            return last, [message.partition(b" ")[0] for message in read]

        last, numbers = await run(client)
        assert last == f"4999 {body}".encode()
        assert numbers == [b"%d" % n for n in range(5000)]
        assert carrier.channel.counts.dropped == 0
