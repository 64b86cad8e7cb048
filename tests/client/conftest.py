"""Servers of the standard library, each in a thread, for clients that block."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

WAIT = 5


class Peer:
    """A server for one connection after the other, which does what the test says with each."""

    def __init__(self, listening: socket.socket, talks: list[Callable[[socket.socket], None]], context: Any):
        self.socket = listening
        self.failures: list[BaseException] = []
        self._talks = talks
        self._context = context
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _serve(self) -> None:
        for talk in self._talks:
            connection, _ = self.socket.accept()
            connection.settimeout(WAIT)
            try:
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                talk(connection)
            except OSError as error:
                self.failures.append(error)
            finally:
                connection.close()

    def end(self) -> None:
        self._thread.join(WAIT)
        self.socket.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Serve each of some functions of a socket, one connection for each."""
    peers: list[Peer] = []

    def start(
        *talks: Callable[[socket.socket], None], context: Any = None, at: Any = None, family: Any = None
    ) -> Peer:
        family = family or (socket.AF_INET if at is None else socket.AF_UNIX)
        listening = socket.socket(family)
        listening.bind(at or ("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(WAIT)
        peers.append(Peer(listening, list(talks), context))
        return peers[-1]

    yield start
    for each in peers:
        each.end()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
def server_context(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """A context for a server that is one of `names`."""

    def make(*names: str, of: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (of or authority).issue_cert(*names).configure_cert(context)
        return context

    return make


class Site:
    """What a server of HTTP does, and what it was asked."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.requests: list[tuple[str, str, bytes, Any]] = []
        self.connections: set[Any] = set()
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def _handler(site_of: Callable[[], Site]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            site = site_of()
            body = self.body()
            site.requests.append((self.command, self.path, body, self.headers))
            site.connections.add(self.client_address)
            self.send_response(site.statuses.pop(0) if site.statuses else 200)
            self.send_header("Set-Cookie", "visited=yes; Path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = handle_any

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            whole = b""
            while size := int(self.rfile.readline(), 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    return Handler


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Serve what comes back, over HTTP."""
    sites: list[tuple[Site, threading.Thread]] = []

    def start() -> Site:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: made))
        server.daemon_threads = True
        made = Site(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        sites.append((made, thread))
        return made

    yield start
    for made, thread in sites:
        made.server.shutdown()
        made.server.server_close()
        thread.join(WAIT)
