"""The same scenarios over real sockets: TCP, TLS and Unix."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from OpenSSL import SSL
from pydantic import BaseModel
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.framing import Lines, Raw
from protocols.guard import ServerTLS, TLSFactory
from protocols.handlers import BUILTINS, Conversation, FunctionHandler
from protocols.journal import Journal
from protocols.stream import StreamFactory

WAIT = 20.0


class Order(BaseModel):
    amount: int


class Carrier:
    """A service on one kind of socket, and its clients; everything is gone after ``stop``."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.path = str(folder / "service")
        self.port: Any = None
        self.factory: StreamFactory | None = None
        self.handler: Any = None
        self.sockets: list[socket.socket] = []
        if kind == "tls":
            authority = trustme.CA()
            issued = authority.issue_cert("127.0.0.1")
            issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
            self.server = ServerTLS.of(folder / "both.pem", folder / "both.pem")
            self.client = ssl.create_default_context()
            authority.configure_trust(self.client)

    def serve(self, answer: Any, framing: Any = None, **settings: Any) -> None:
        if not hasattr(answer, "open"):
            self.handler = answer = FunctionHandler(answer, reactor=reactor, **settings)
        self.factory = StreamFactory(
            answer, framing or Lines(), journal=Journal("tested"), clock=reactor, connections=3
        )
        if self.kind == "unix":
            self.port = reactor.listenUNIX(self.path, self.factory)
        elif self.kind == "tls":
            self.port = reactor.listenTCP(
                0,
                TLSFactory(self.server, self.factory, journal=self.factory.journal, clock=reactor),
                interface="127.0.0.1",
            )
        else:
            self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")

    def connect(self) -> socket.socket:
        """A client's socket; for a thread of its own."""
        family = socket.AF_UNIX if self.kind == "unix" else socket.AF_INET
        client = socket.socket(family)
        client.settimeout(WAIT)
        self.sockets.append(client)
        client.connect(self.path if self.kind == "unix" else self.address)
        if self.kind == "tls":
            client = self.client.wrap_socket(client, server_hostname="127.0.0.1")
            self.sockets.append(client)
        return client

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port.getHost().port

    async def stop(self) -> None:
        for client in self.sockets:
            client.close()
        await self.port.stopListening()
        self.factory.abort()
        await self.factory.drain()
        if self.handler is not None:
            self.handler.stop()


@pytest_twisted.async_yield_fixture(params=["tcp", "tls", "unix"])
async def carrier(request, tmp_path):
    carrier = Carrier(request.param, tmp_path)
    yield carrier
    await carrier.stop()


def read_all(client: socket.socket) -> bytes:
    """What comes until the end."""
    pieces = []
    while piece := client.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def read_lines(client: socket.socket, number: int) -> list[bytes]:
    data = b""
    while data.count(b"\n") < number:
        piece = client.recv(65_536)
        assert piece, data
        data += piece
    return data.splitlines()


def talk(carrier: Carrier, said: bytes, replies: int) -> Callable[[], list[bytes]]:
    def talk() -> list[bytes]:
        client = carrier.connect()
        client.sendall(said)
        return read_lines(client, replies)

    return talk


LINES = b"".join(b"%d\n" % n for n in range(500))


class TestScenarios:
    @pytest_twisted.ensureDeferred
    async def test_function_answers_and_knows_its_peer(self, carrier):
        carrier.serve(lambda message, peer: f"{peer.transport} {message.decode()}", run="loop")
        assert await deferToThread(talk(carrier, b"hello\n", 1)) == [f"{carrier.kind} hello".encode()]

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("carrier", ["tcp", "unix"], indirect=True)
    @pytest.mark.parametrize("run", ["loop", "threads"])
    async def test_half_close_is_answered(self, carrier, run):
        carrier.serve(lambda message: message, run=run)

        def client() -> bytes:
            client = carrier.connect()
            client.sendall(LINES)
            client.shutdown(socket.SHUT_WR)
            return read_all(client)

        assert await deferToThread(client) == LINES

    @pytest_twisted.ensureDeferred
    async def test_greeting_before_input_and_dialogue(self, carrier):
        async def greet(connection: Conversation[str]) -> None:
            await connection.send("who are you?")
            async for name in connection:
                await connection.send(f"hello {name}")
                if name == "last":
                    return

        carrier.serve(greet)

        def client() -> list[bytes]:
            client = carrier.connect()
            said = read_lines(client, 1)
            client.sendall(b"ann\nlast\n")
            return said + read_all(client).splitlines()

        assert await deferToThread(client) == [b"who are you?", b"hello ann", b"hello last"]

    @pytest_twisted.ensureDeferred
    async def test_built_in_that_says_one_thing(self, carrier):
        carrier.serve(BUILTINS["time"].stream, Raw())
        assert len(await deferToThread(lambda: read_all(carrier.connect()))) == 4

    @pytest_twisted.ensureDeferred
    async def test_endless_replies_to_a_slow_reader_are_bounded_and_stop_with_it(self, carrier):
        closed: Deferred[int] = Deferred()
        made = 0

        def endless(message: bytes):
            nonlocal made
            try:
                while True:
                    made += 1
                    yield b"x" * 999
            finally:
                closed.callback(made)

        carrier.serve(endless, run="loop")

        def client() -> int:
            client = carrier.connect()
            client.sendall(b"go\n")
            read = len(client.recv(65_536))
            client.close()
            return read

        assert await deferToThread(client)
        # What the kernel's buffers and ours hold, not what a loop could make.
        assert await closed < 50_000

    @pytest_twisted.ensureDeferred
    async def test_explanation_of_a_framing_error_is_read_by_a_peer_that_still_sends(self, carrier):
        def take(order: Order) -> int:
            return order.amount

        carrier.serve(take, Lines(limit=1000), run="loop")

        def client() -> bytes:
            client = carrier.connect()
            with contextlib.suppress(ConnectionError):
                client.sendall(b"x" * 4_000_000)
            return read_lines(client, 1)[0]

        assert b"longer than its limit of 1000" in await deferToThread(client)

    @pytest_twisted.ensureDeferred
    async def test_failure_harms_no_other_connection(self, carrier, failures):
        def boom(message: bytes) -> bytes:
            if message == b"boom":
                raise LookupError
            return message

        carrier.serve(boom, run="threads")

        def clients() -> tuple[bytes, list[bytes]]:
            unlucky, other = carrier.connect(), carrier.connect()
            unlucky.sendall(b"boom\n")
            rest = read_all(unlucky)
            other.sendall(b"fine\n")
            return rest, read_lines(other, 1)

        assert await deferToThread(clients) == (b"", [b"fine"])
        failures.take(LookupError)

    @pytest_twisted.ensureDeferred
    async def test_connections_past_the_limit_are_refused(self, carrier):
        carrier.serve(lambda message: message, run="loop")

        def clients() -> bool:
            for _ in range(3):
                client = carrier.connect()
                client.sendall(b"x\n")
                read_lines(client, 1)
            try:
                return carrier.connect().recv(10) == b""
            except OSError:
                return True

        assert await deferToThread(clients)
        assert carrier.factory.journal.counts.refused == 1

    @pytest_twisted.ensureDeferred
    async def test_disconnecting_peer_ends_what_waits(self, carrier):
        waiting: Deferred[None] = Deferred()
        ended: Deferred[str] = Deferred()

        async def wait(message: bytes) -> bytes:
            waiting.callback(None)
            try:
                return await Deferred()
            finally:
                ended.callback("finally")

        carrier.serve(wait)
        client = await deferToThread(carrier.connect)
        client.sendall(b"x\n")
        await waiting
        # Both sides at once, as a process that ends: the answer that is owed has nobody to go to.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        if carrier.kind == "unix":
            carrier.factory.abort()  # a Unix socket tells no reset from an end
        assert await ended == "finally"


def same(message: bytes) -> bytes:
    return message


async def same_later(message: bytes) -> bytes:
    later: Deferred[bytes] = Deferred()
    reactor.callLater(0, later.callback, message)
    return await later


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
@pytest.mark.parametrize("shut", [False, True], ids=["close_notify", "close_notify and FIN"])
@pytest.mark.parametrize(
    ("function", "settings"),
    [(same, {"run": "loop"}), (same, {"run": "threads"}), (same_later, {})],
    ids=["loop", "threads", "async"],
)
async def test_close_notify_with_the_last_message_is_answered(tmp_path, function, settings, version, shut):
    carrier = Carrier("tls", tmp_path)
    carrier.serve(function, **settings)

    def client() -> tuple[bytes, int]:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(version)
        plain = socket.create_connection(carrier.address)
        carrier.sockets.append(plain)
        # OpenSSL reads the socket by itself, and wants it to block.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(WAIT), 0))
        session = SSL.Connection(context, plain)
        session.set_connect_state()
        session.sendall(LINES)
        session.shutdown()
        if shut:
            plain.shutdown(socket.SHUT_WR)
        pieces = []
        with contextlib.suppress(SSL.ZeroReturnError):
            while True:
                pieces.append(session.recv(65_536))
        return b"".join(pieces), session.get_shutdown()

    received, ends = await deferToThread(client)
    assert received == LINES
    assert ends == SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN
    await carrier.stop()
