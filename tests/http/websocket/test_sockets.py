"""The whole way, over the loopback, plain and inside TLS, with the websockets library as a client."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from websockets.asyncio.client import connect as connect_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from protocols.guard import ServerTLS, TLSFactory
from protocols.handlers import BUILTINS, Conversation, FunctionHandler
from protocols.http import ALPN, HTTPFactory, WebSocketRoute
from protocols.http.websocket import Endpoint, Settings
from protocols.journal import Journal
from protocols.session import Peer

WAIT = 20.0


async def shout(message: str, peer: Peer) -> str:
    return f"{peer.transport} {message.upper()}"


async def count(connection: Conversation[str]) -> None:
    async for number in connection:
        for n in range(int(number)):
            await connection.send(str(n).rjust(1000))


async def fail(message: str) -> str:
    raise RuntimeError("broken")


class Service:
    """One site with WebSockets, and how its clients reach it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.journal = Journal("tested")
        self.endpoint = Endpoint(
            clock=reactor, journal=self.journal, settings=Settings(limit=3_000_000, subprotocols=("chat",))
        )
        functions = {"/shout": shout, "/count": count, "/fail": fail}
        self.handlers = {path: FunctionHandler(each, reactor=reactor) for path, each in functions.items()}
        routes = {path: WebSocketRoute(h, self.endpoint, speaks="text") for path, h in self.handlers.items()}
        routes["/echo"] = WebSocketRoute(BUILTINS["echo"].stream, self.endpoint)
        self.factory = HTTPFactory(routes, journal=self.journal, clock=reactor)
        factory: Any = self.factory
        self.context: ssl.SSLContext | None = None
        self.scheme = "ws"
        if kind == "tls":
            authority = trustme.CA()
            issued = authority.issue_cert("127.0.0.1")
            issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
            factory = TLSFactory(
                ServerTLS.of(folder / "both.pem", folder / "both.pem", ALPN),
                factory,
                journal=factory.journal,
                clock=reactor,
            )
            self.context = ssl.create_default_context()
            authority.configure_trust(self.context)
            self.scheme = "wss"
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port.getHost().port}{path}"

    def connect(self, path: str, **settings: Any) -> ClientConnection:
        """A client; for a thread of its own."""
        settings.setdefault("open_timeout", WAIT)
        return connect(self.url(path), ssl=self.context, close_timeout=WAIT, **settings)

    async def stop(self) -> None:
        await self.port.stopListening()
        self.factory.abort()
        await self.factory.drain()
        for handler in self.handlers.values():
            handler.stop()


@pytest_twisted.async_yield_fixture(params=["tcp", "tls"])
async def service(request, tmp_path):
    service = Service(request.param, tmp_path)
    yield service
    await service.stop()


class TestClients:
    @pytest_twisted.ensureDeferred
    async def test_text_binary_and_an_orderly_close(self, service):
        def client():
            with service.connect("/echo", subprotocols=["chat"], max_size=None) as websocket:
                assert websocket.subprotocol == "chat"
                assert websocket.response.headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
                for message in ("hé", b"\xff", "x" * 100_000, b"y" * 2_900_000):
                    websocket.send(message)
                    assert websocket.recv(WAIT) == message
                assert websocket.ping().wait(WAIT)
            return websocket.close_code, websocket.protocol.close_rcvd_then_sent

        assert await deferToThread(client) == (1000, False)

    @pytest_twisted.ensureDeferred
    async def test_thousands_at_once(self, service):
        # asyncio's client, for the other does not read while it sends.
        messages = [f"m{n}".rjust(1000) for n in range(3000)]

        async def talk():
            async with connect_asyncio(
                service.url("/shout"), ssl=service.context, compression=None
            ) as websocket:
                sending = asyncio.create_task(send(websocket))
                answers = [await websocket.recv() for _ in messages]
                await sending
            return answers

        async def send(websocket):
            for message in messages:
                await websocket.send(message)

        answers = await deferToThread(lambda: asyncio.run(talk()))
        assert answers == [f"{service.scheme} {message.upper()}" for message in messages]

    @pytest_twisted.ensureDeferred
    async def test_asyncios_client(self, service):
        async def talk():
            async with connect_asyncio(service.url("/shout"), ssl=service.context) as websocket:
                await websocket.send("a")
                first = await websocket.recv()
                await websocket.send("b")
            return first, websocket.close_code

        answer = await deferToThread(lambda: asyncio.run(talk()))
        assert answer == (f"{service.scheme} A", 1000)

    @pytest_twisted.ensureDeferred
    async def test_a_client_that_reads_slowly_gets_everything(self, service):
        def client():
            with service.connect("/count", max_queue=1) as websocket:
                websocket.send("20000")
                return [int(websocket.recv(WAIT)) for _ in range(20_000)]

        assert await deferToThread(client) == list(range(20_000))

    @pytest_twisted.ensureDeferred
    async def test_answers_that_are_under_way_come_before_the_close(self, service):
        def client():
            with service.connect("/shout") as websocket:
                websocket.send("a")
                websocket.close()
                return websocket.recv(WAIT)

        assert await deferToThread(client) == f"{service.scheme} A"

    @pytest_twisted.ensureDeferred
    async def test_too_long(self, service):
        def client():
            with service.connect("/echo", compression=None) as websocket:
                websocket.send(bytes(3_000_001))
                with pytest.raises(ConnectionClosed):
                    websocket.recv(WAIT)
                return websocket.close_code

        assert await deferToThread(client) == 1009

    @pytest_twisted.ensureDeferred
    async def test_a_failure(self, service):
        def client():
            with service.connect("/fail") as websocket:
                websocket.send("a")
                with pytest.raises(ConnectionClosed):
                    websocket.recv(WAIT)
                return websocket.close_code

        assert await deferToThread(client) == 1011

    @pytest_twisted.ensureDeferred
    async def test_draining(self, service):
        gone = []

        def client():
            with service.connect("/echo") as websocket:
                reactor.callFromThread(lambda: service.factory.drain().addCallback(gone.append))
                with pytest.raises(ConnectionClosed):
                    websocket.recv(WAIT)
                return websocket.close_code

        assert await deferToThread(client) == 1001
        await service.factory.open.emptied()
        assert gone == [None]

    @pytest_twisted.ensureDeferred
    async def test_a_page_from_elsewhere(self, service):
        def client():
            with pytest.raises(InvalidStatus) as raised:
                service.connect("/echo", origin="http://evil.test")
            return raised.value.response.status_code

        assert await deferToThread(client) == 403

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("service", ["tcp"], indirect=True)
    async def test_handshake_message_and_close_in_one_segment(self, service):
        def client():
            with socket.create_connection(("127.0.0.1", service.port.getHost().port), WAIT) as plain:
                lines = ["GET /echo HTTP/1.1", "Host: a.test", "Upgrade: websocket", "Connection: upgrade"]
                lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
                frames = b"\x81\x81" + bytes(4) + b"a" + b"\x88\x82" + bytes(4) + b"\x03\xe8"
                plain.sendall("\r\n".join(lines).encode() + frames)
                data = b""
                while piece := plain.recv(65_536):
                    data += piece
                return data

        head, _, rest = (await deferToThread(client)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert rest == b"\x81\x01a\x88\x02\x03\xe8"
