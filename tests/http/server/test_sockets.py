"""The whole way, over the loopback, with another HTTP client."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.guard import ServerTLS, TLSFactory
from protocols.http import ALPN, FilesRoute, HTTPFactory, Request, Response, function_route
from protocols.journal import Journal

LARGE = bytes(range(256)) * 8192


def double(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def count(number: int) -> Iterator[int]:
    yield from range(number)


def as_text(number: int) -> str:
    return f"<{number}>"


def hello(request: Request) -> Response:
    return Response(f"{threading.current_thread() is threading.main_thread()} {request.peer.transport}")


@pytest.fixture
def ended() -> threading.Event:
    """Is set when the generator of /endless has ended."""
    return threading.Event()


@pytest.fixture
def released() -> threading.Event:
    """Lets the function of /held, which runs in a thread, answer."""
    return threading.Event()


@pytest.fixture
def cancelled() -> Deferred[None]:
    """Fires when the call of /wait is cancelled."""
    return Deferred()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest_twisted.async_yield_fixture
async def ports(
    tmp_path: Path,
    authority: trustme.CA,
    cancelled: Deferred[None],
    ended: threading.Event,
    released: threading.Event,
):
    """The ports on which a factory listens, plain and with TLS."""
    from twisted.internet import reactor

    (tmp_path / "large").write_bytes(LARGE)
    journal = Journal("web")

    def function(called: Callable[..., Any], **settings: Any) -> Any:
        return function_route(called, reactor=reactor, journal=journal, **settings)

    async def wait(message: bytes) -> bytes:
        try:
            await Deferred()
        finally:
            cancelled.callback(None)
        return b""

    def endless(number: int) -> Iterator[int]:
        try:
            while True:
                yield number
        finally:
            ended.set()

    def held(request: Request) -> str:
        assert released.wait(10)
        return "held"

    issued = authority.issue_cert("localhost")
    certificate, key = tmp_path.parent / "site.pem", tmp_path.parent / "site.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    routes = {
        "/": FilesRoute(tmp_path, reactor=reactor),
        "/double": function(double),
        "/count": function(count),
        "/text": function(as_text),
        "/hello": function(hello),
        "/wait": function(wait),
        "/endless": function(endless),
        "/held": function(held),
    }
    factory = HTTPFactory(routes, journal=journal, clock=reactor)
    plain = reactor.listenTCP(0, factory, interface="127.0.0.1")
    encrypted = TLSFactory(ServerTLS.of(certificate, key, ALPN), factory, journal=journal, clock=reactor)
    tls = reactor.listenTCP(0, encrypted, interface="127.0.0.1")
    yield plain.getHost().port, tls.getHost().port
    await plain.stopListening()
    await tls.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    factory.stop()


@pytest.fixture
def number(ports: tuple[int, int]) -> int:
    """The port without TLS."""
    return ports[0]


@pytest.fixture
def ask(number: int) -> Callable[..., Deferred[list[tuple[int, bytes]]]]:
    """The answers to requests over one connection, asked from another thread."""

    def ask(*requests: tuple[Any, ...]) -> Deferred[list[tuple[int, bytes]]]:
        def work() -> list[tuple[int, bytes]]:
            connection = HTTPConnection("127.0.0.1", number, timeout=10)
            answers = []
            for request in requests:
                connection.request(*request)
                response = connection.getresponse()
                answers.append((response.status, response.read()))
            connection.close()
            return answers

        return deferToThread(work)

    return ask


@pytest_twisted.ensureDeferred
async def test_functions_in_threads_over_one_connection(ask) -> None:
    answers = await ask(
        ("POST", "/double", b"[1, 2]"),
        ("POST", "/double", b"[1, true, {}]"),
        ("POST", "/count", b"3"),
        ("POST", "/text", b"3"),
        ("GET", "/hello"),
        ("HEAD", "/large"),
    )
    assert [status for status, _ in answers] == [200, 422, 200, 200, 200, 200]
    bodies = [body for _, body in answers]
    assert bodies[0] == b"[2,4]"
    assert bodies[2:] == [b"0\n1\n2\n", b"<3>", b"False http", b""]


@pytest_twisted.ensureDeferred
async def test_a_chunked_body_from_another_client(ask) -> None:
    assert await ask(("POST", "/double", iter([b"[1,", b"2]"]))) == [(200, b"[2,4]")]


@pytest_twisted.ensureDeferred
async def test_a_large_file(ask) -> None:
    assert await ask(("GET", "/large")) == [(200, LARGE)]


@pytest_twisted.ensureDeferred
async def test_a_refusal_arrives_although_the_client_is_still_sending(number: int) -> None:
    def work() -> bytes:
        with socket.create_connection(("127.0.0.1", number), timeout=10) as client:
            client.sendall(b"POST /double HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
            client.sendall(b"x" * 100_000)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))

    assert (await deferToThread(work)).startswith(b"HTTP/1.1 413 ")


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_cancels_its_call(number: int, cancelled: Deferred[None]) -> None:
    def work() -> None:
        connection = HTTPConnection("127.0.0.1", number, timeout=10)
        connection.request("POST", "/wait", b"x")
        # A client that is killed with work to do resets; one that closes in order may only be half closed.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    await deferToThread(work)
    await cancelled


@pytest_twisted.ensureDeferred
async def test_a_client_that_shuts_down_its_side_gets_its_answers(
    number: int, released: threading.Event
) -> None:
    def work() -> bytes:
        with socket.create_connection(("127.0.0.1", number), timeout=10) as client:
            client.sendall(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" * 2 + b"GET /held HTTP")
            client.shutdown(socket.SHUT_WR)
            released.set()
            return b"".join(iter(lambda: client.recv(65536), b""))

    answers = await deferToThread(work)
    assert answers.count(b"HTTP/1.1 200 OK") == answers.count(b"held") == 2


@pytest_twisted.ensureDeferred
async def test_a_connection_cut_off_in_a_request_leaves_the_others_alone(number: int, ask) -> None:
    def work() -> None:
        with socket.create_connection(("127.0.0.1", number), timeout=10) as client:
            client.sendall(b"POST /double HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n[1")

    await deferToThread(work)
    assert await ask(("POST", "/double", b"[1]")) == [(200, b"[2]")]


@pytest_twisted.ensureDeferred
async def test_a_generator_in_a_thread_ends_with_its_reader(number: int, ended: threading.Event) -> None:
    def work() -> bytes:
        connection = HTTPConnection("127.0.0.1", number, timeout=10)
        connection.request("POST", "/endless", b"7")
        first = connection.getresponse().read(2)
        connection.close()
        return first

    assert await deferToThread(work) == b"7\n"
    assert await deferToThread(ended.wait, 10)


@pytest_twisted.ensureDeferred
async def test_the_same_inside_tls(ports: tuple[int, int], authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    authority.configure_trust(context)

    def work() -> list[Any]:
        connection = HTTPSConnection("localhost", ports[1], timeout=10, context=context)
        connection.connect()
        found: list[Any] = [connection.sock.selected_alpn_protocol()]
        for method, path, body in (
            ("GET", "/hello", None),
            ("GET", "/large", None),
            ("POST", "/double", b" " * 2_000_000),
        ):
            connection.putrequest(method, path)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            response = connection.getresponse()
            found.append((response.status, response.read()))
        connection.close()
        return found

    alpn, hello_there, large, refused = await deferToThread(work)
    assert alpn == "http/1.1"
    assert hello_there == (200, b"False https")
    assert large == (200, LARGE)
    assert refused[0] == 413
