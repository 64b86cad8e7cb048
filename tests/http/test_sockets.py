from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from protocols.http import FilesRoute, HTTPFactory, Request, Response, function_route
from protocols.journal import Journal


def double(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def count(number: int) -> Iterator[int]:
    yield from range(number)


def as_text(number: int) -> str:
    return f"<{number}>"


def hello(request: Request) -> Response:
    return Response(f"{threading.current_thread() is threading.main_thread()} {request.peer.transport}")


class Sockets(TestCase):
    """The whole way, over the loopback, with another HTTP client."""

    timeout = 20

    def setUp(self) -> None:
        self.folder = Path(self.mktemp_folder())
        self.large = bytes(range(256)) * 8192
        (self.folder / "large").write_bytes(self.large)
        self.cancelled: Deferred[None] = Deferred()
        journal = Journal("web")

        def function(called: Callable[..., Any], **settings: Any) -> Any:
            return function_route(called, reactor=reactor, journal=journal, **settings)

        async def wait(message: bytes) -> bytes:
            try:
                await Deferred()
            finally:
                self.cancelled.callback(None)
            return b""

        self.factory = HTTPFactory(
            {
                "/": FilesRoute(self.folder),
                "/double": function(double),
                "/count": function(count),
                "/text": function(as_text),
                "/hello": function(hello),
                "/wait": function(wait),
                "/processes": function(double, run="processes", workers=1),
            },
            journal=journal,
            clock=reactor,
        )
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.number = self.port.getHost().port

    def mktemp_folder(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    async def tearDown(self) -> None:
        await self.port.stopListening()
        gone = self.factory.drain()
        self.factory.abort()
        await gone
        self.factory.stop()

    def ask(self, *requests: tuple[Any, ...]) -> Deferred[list[tuple[int, bytes]]]:
        """The answers to requests over one connection, asked from another thread."""

        def work() -> list[tuple[int, bytes]]:
            connection = HTTPConnection("127.0.0.1", self.number, timeout=10)
            answers = []
            for request in requests:
                connection.request(*request)
                response = connection.getresponse()
                answers.append((response.status, response.read()))
            connection.close()
            return answers

        return deferToThread(work)

    async def test_functions_in_threads_over_one_connection(self) -> None:
        answers = await self.ask(
            ("POST", "/double", b"[1, 2]"),
            ("POST", "/double", b"[1, true, {}]"),
            ("POST", "/count", b"3"),
            ("POST", "/text", b"3"),
            ("GET", "/hello"),
            ("HEAD", "/large"),
        )
        self.assertEqual([status for status, _ in answers], [200, 422, 200, 200, 200, 200])
        bodies = [body for _, body in answers]
        self.assertEqual(bodies[0], b"[2,4]")
        self.assertEqual(bodies[2:], [b"0\n1\n2\n", b"<3>", b"False http", b""])

    async def test_a_chunked_body_from_another_client(self) -> None:
        (answer,) = await self.ask(("POST", "/double", iter([b"[1,", b"2]"])))
        self.assertEqual(answer, (200, b"[2,4]"))

    async def test_a_large_file(self) -> None:
        (answer,) = await self.ask(("GET", "/large"))
        self.assertEqual(answer, (200, self.large))

    async def test_a_refusal_arrives_although_the_client_is_still_sending(self) -> None:
        def work() -> bytes:
            with socket.create_connection(("127.0.0.1", self.number), timeout=10) as client:
                client.sendall(b"POST /double HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
                client.sendall(b"x" * 100_000)
                client.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: client.recv(65536), b""))

        answer = await deferToThread(work)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)

    async def test_a_client_that_leaves_cancels_its_call(self) -> None:
        def work() -> None:
            connection = HTTPConnection("127.0.0.1", self.number, timeout=10)
            connection.request("POST", "/wait", b"x")
            connection.close()

        await deferToThread(work)
        await self.cancelled

    async def test_processes(self) -> None:
        answers = await self.ask(("POST", "/processes", b"[4]"), ("POST", "/processes", b"{"))
        self.assertEqual([answers[0], answers[1][0]], [(200, b"[8]"), 400])

    async def test_a_connection_that_is_cut_off_in_a_request_leaves_the_others_alone(self) -> None:
        def work() -> None:
            with socket.create_connection(("127.0.0.1", self.number), timeout=10) as client:
                client.sendall(b"POST /double HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n[1")

        await deferToThread(work)
        self.assertEqual(await self.ask(("POST", "/double", b"[1]")), [(200, b"[2]")])
