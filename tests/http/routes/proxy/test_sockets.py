"""The whole way over sockets: other people's clients, our proxy, and origins of several makes."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.threads import deferToThread
from websockets.sync.client import connect as connect_websocket
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websockets

from protocols.http import HTTPFactory, Limits, OriginURL, ProxyLimits, ProxyRoute
from protocols.journal import Journal

LARGE = os.urandom(1 << 20) * 24
"""More than all the buffers on the way can hold."""


class Handler(BaseHTTPRequestHandler):
    """Sends back what it gets."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = LARGE if self.path == "/large" else self.path.encode()
        self._send(content)

    def do_PUT(self) -> None:
        digest = hashlib.sha256()
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                digest.update(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers["Content-Length"])
            while left:
                piece = self.rfile.read(min(left, 1 << 16))
                digest.update(piece)
                left -= len(piece)
        self._send(digest.hexdigest().encode())

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Connection", str(self.client_address))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "unix", 0

    def get_request(self) -> tuple[socket.socket, Any]:
        return self.socket.accept()[0], ("unix", 0)


@pytest.fixture
def serving() -> Iterator[Any]:
    """Start an HTTP server in a thread of its own."""
    started = []

    def serve(make: type[ThreadingHTTPServer], address: Any, context: ssl.SSLContext | None = None) -> Any:
        server = make(address, Handler)
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return server

    yield serve
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest_twisted.async_yield_fixture
async def proxied():
    """The port of a proxy."""
    from twisted.internet import reactor

    ended = []

    def start(*urls: str, **settings: Any) -> int:
        limits = ProxyLimits(connect=settings.pop("connect", 5.0))
        route = ProxyRoute(
            [OriginURL.parse(url) for url in urls],
            reactor=reactor,
            journal=Journal("web"),
            limits=limits,
            **settings,
        )
        factory = HTTPFactory(
            {"/": route}, journal=Journal("web"), clock=reactor, limits=Limits(body=1 << 40)
        )
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        ended.append((port, factory))
        return int(port.getHost().port)

    yield start
    for port, factory in ended:
        await port.stopListening()
        gone = factory.drain()
        factory.abort()
        await gone
        factory.stop()


def ask(number: int, *requests: tuple[Any, ...]) -> list[tuple[int, bytes, Any]]:
    connection = HTTPConnection("127.0.0.1", number, timeout=20)
    answers = []
    for request in requests:
        connection.request(*request)
        response = connection.getresponse()
        answers.append((response.status, response.read(), response.headers))
    connection.close()
    return answers


@pytest_twisted.ensureDeferred
async def test_large_contents_both_ways(serving, proxied) -> None:
    server = serving(ThreadingHTTPServer, ("127.0.0.1", 0))
    number = proxied(f"http://127.0.0.1:{server.server_port}")
    pieces = [LARGE[at : at + 100_000] for at in range(0, len(LARGE), 100_000)]
    answers = await deferToThread(
        ask, number, ("GET", "/large"), ("PUT", "/", LARGE), ("PUT", "/", iter(pieces)), ("GET", "/a%2Fb?c")
    )
    digest = hashlib.sha256(LARGE).hexdigest().encode()
    assert [body for _, body, _ in answers] == [LARGE, digest, digest, b"/a%2Fb?c"]
    assert len({headers["X-Connection"] for _, _, headers in answers}) == 1


@pytest_twisted.ensureDeferred
async def test_what_one_side_does_not_read_is_not_held_in_memory(serving, proxied) -> None:
    server = serving(ThreadingHTTPServer, ("127.0.0.1", 0))
    number = proxied(f"http://127.0.0.1:{server.server_port}")

    def peak() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def work() -> int:
        with socket.create_connection(("127.0.0.1", number), timeout=20) as client:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(1000)
            before = peak()
            # Another request is answered meanwhile, so the proxy has had its turns.
            assert ask(number, ("GET", "/x"))[0][1] == b"/x"
            return peak() - before

    assert await deferToThread(work) < len(LARGE) / 2


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("form", ["path", "abstract"])
async def test_over_a_unix_socket(serving, proxied, tmp_path: Path, form: str) -> None:
    name = str(tmp_path / "s") if form == "path" else f"\0polyport-{os.getpid()}"
    serving(UnixServer, name)
    number = proxied(f"unix:{name.replace(chr(0), '@')}:/base/")
    (answer,) = await deferToThread(ask, number, ("GET", "/x"))
    assert answer[:2] == (200, b"/base/x")


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, Path]:
    """An authority and the file of its certificate."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made, tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("names", "settings", "status"),
    [
        (["localhost"], {"ca": True}, 200),
        (["app.test"], {"ca": True, "server_name": "app.test"}, 200),
        (["127.0.0.1"], {"ca": True, "server_name": "127.0.0.1"}, 200),
        (["localhost"], {}, 502),  # an authority that the system does not know
        (["app.test"], {"ca": True}, 502),  # another name
    ],
)
@pytest_twisted.ensureDeferred
async def test_inside_tls(serving, proxied, authority, names, settings, status) -> None:
    made, file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert(*names).configure_cert(context)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    server = serving(ThreadingHTTPServer, ("127.0.0.1", 0), context)
    if settings.get("ca"):
        settings = {**settings, "ca": file}
    number = proxied(f"https://localhost:{server.server_port}", **settings)
    (first, second) = await deferToThread(ask, number, ("GET", "/x"), ("GET", "/large"))
    assert (first[0], second[0]) == (status, status)
    if status == 200:
        assert (first[1], second[1]) == (b"/x", LARGE)
        expected = settings.get("server_name", "localhost")
        assert asked == [None if expected[0].isdigit() else expected]


@pytest_twisted.ensureDeferred
async def test_an_origin_that_asks_who_we_are(serving, proxied, authority, tmp_path) -> None:
    made, file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    made.configure_trust(context)
    made.issue_cert("localhost").configure_cert(context)
    server = serving(ThreadingHTTPServer, ("127.0.0.1", 0), context)
    own = made.issue_cert("proxy.test")
    own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    own.private_key_pem.write_to_path(tmp_path / "own.key")
    url = f"https://localhost:{server.server_port}"
    known = proxied(url, ca=file, certificate=tmp_path / "own.pem", key=tmp_path / "own.key")
    unknown = proxied(url, ca=file)
    for number, status in ((known, 200), (unknown, 502)):
        ((found, _, *_),) = await deferToThread(ask, number, ("GET", "/x"))
        assert found == status


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_authorities_that_are_none(tmp_path: Path, content: str) -> None:
    from twisted.internet import reactor

    file = tmp_path / "ca.pem"
    file.write_text(content)
    with pytest.raises(ValueError, match="holds no PEM certificate"):
        ProxyRoute([OriginURL.parse("https://a")], reactor=reactor, journal=Journal("web"), ca=file)
    with pytest.raises(OSError, match="none"):
        ProxyRoute(
            [OriginURL.parse("https://a")], reactor=reactor, journal=Journal("web"), ca=tmp_path / "none"
        )
    with pytest.raises(ValueError, match="begins with https"):
        ProxyRoute([OriginURL.parse("http://a")], reactor=reactor, journal=Journal("web"), ca=file)
    with pytest.raises(ValueError, match="needs an origin"):
        ProxyRoute([], reactor=reactor, journal=Journal("web"))
    with pytest.raises(ValueError, match="Host means something else"):
        ProxyRoute([OriginURL.parse("http://a")], reactor=reactor, journal=Journal("web"), identity="Host")


@pytest_twisted.ensureDeferred
async def test_where_tls_is_never_answered(proxied) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number = proxied(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.2)
        (answer,) = await deferToThread(ask, number, ("GET", "/x"))
    assert answer[0] == 504


@pytest_twisted.ensureDeferred
async def test_where_nothing_listens(proxied) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # so that nobody else will listen there
        number = proxied(f"http://localhost:{silent.getsockname()[1]}")
        (answer,) = await deferToThread(ask, number, ("GET", "/x"))
    assert answer[0] == 502


@pytest.fixture
def websocket_server() -> Iterator[Any]:
    """Start a server that sends back what it gets; its port."""
    started = []

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    def start(context: ssl.SSLContext | None) -> int:
        server = serve_websockets(
            echo, "127.0.0.1", 0, subprotocols=["chat"], max_size=None, ssl=context
        ).__enter__()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        started.append((server, thread))
        return int(server.socket.getsockname()[1])

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest_twisted.ensureDeferred
async def test_a_websocket(proxied, websocket_server, authority, scheme: str) -> None:
    made, file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost").configure_cert(context)
    number = websocket_server(context if scheme == "https" else None)
    settings = {"ca": file} if scheme == "https" else {}
    proxy = proxied(f"{scheme}://localhost:{number}", **settings)

    def work() -> tuple[str | None, list[Any], int | None]:
        with connect_websocket(
            f"ws://127.0.0.1:{proxy}/x", subprotocols=["chat"], max_size=None
        ) as connection:
            answers = []
            for message in ("hello", b"x" * 5_000_000, ""):
                connection.send(message)
                answers.append(connection.recv())
            subprotocol = connection.subprotocol
        return subprotocol, answers, connection.close_code

    assert await deferToThread(work) == ("chat", ["hello", b"x" * 5_000_000, ""], 1000)
