"""Load in Python, for what the generator in C does not speak: ``python_load.py KIND HOST PORT``.

It is slower than some of the servers, so what it finds is compared by their processor time per message.
Prints the same JSON as the generator in C.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import quantiles

LINE = b"a message of sixty-four bytes, the newline counted as one of 'em\n"[-64:]
PATIENCE_SECONDS = 10.0
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=tuple(LOADS))
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    latencies: list[float] = []
    LOADS[options.kind]((options.host, options.port), options.connections, options.seconds, latencies.append)
    cuts = quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    found = {"messages": len(latencies), "seconds": options.seconds, "drained": 0, "lost": 0, "late": 0}
    print(json.dumps({**found, "errors": 0, "p50_us": cuts[49] * 1e6, "p99_us": cuts[98] * 1e6}))


def _tls(server: tuple[str, int], count: int, seconds: float, note: Callable[[float], None]) -> None:
    """One line in flight on each of `count` TLS connections."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connections = [
        context.wrap_socket(socket.create_connection(server, PATIENCE_SECONDS)) for _ in range(count)
    ]
    _exchange(connections, LINE, LINE.upper(), seconds, note)


def _websocket(server: tuple[str, int], count: int, seconds: float, note: Callable[[float], None]) -> None:
    """One binary message in flight on each of `count` WebSockets (RFC 6455)."""
    connections = [socket.create_connection(server, PATIENCE_SECONDS) for _ in range(count)]
    for connection in connections:
        connection.send(UPGRADE)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65_536)
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise SystemExit(f"the server answers {answer!r}")
    # Masked with zeros, which leaves the message as it is.
    asked = bytes([0x82, 0x80 | len(LINE)]) + bytes(4) + LINE
    _exchange(connections, asked, bytes([0x82, len(LINE)]) + LINE, seconds, note)


def _exchange(
    connections: Sequence[socket.socket],
    asked: bytes,
    expected: bytes,
    seconds: float,
    note: Callable[[float], None],
) -> None:
    sent: dict[socket.socket, float] = {}
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    deadline = time.perf_counter() + seconds

    def ask(connection: socket.socket) -> None:
        sent[connection] = time.perf_counter()
        connection.send(asked)

    for connection in connections:
        ask(connection)
    for connection in _ready(connections, deadline):
        connection.setblocking(False)
        try:
            reply = connection.recv(65_536)
        except ssl.SSLWantReadError:
            continue  # a session ticket
        _check(reply, expected)
        now = time.perf_counter()
        note(now - sent[connection])
        ask(connection)
    for connection in connections:
        connection.close()


def _ready(connections: Sequence[socket.socket], deadline: float) -> Iterator[socket.socket]:
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while (left := deadline - time.perf_counter()) > 0:
            for key, _ in selector.select(left):
                yield key.fileobj  # type: ignore[misc]  # it was registered above


def _connect(server: tuple[str, int], count: int, seconds: float, note: Callable[[float], None]) -> None:
    """`count` connections at a time, each made for one line."""
    deadline = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        begun: dict[socket.socket, float] = {}

        def begin() -> None:
            connection = socket.socket()
            begun[connection] = time.perf_counter()
            connection.connect(server)
            connection.send(LINE)
            selector.register(connection, selectors.EVENT_READ)

        for _ in range(count):
            begin()
        while (left := deadline - time.perf_counter()) > 0:
            for key, _ in selector.select(left):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                _check(connection.recv(65_536), LINE.upper())
                selector.unregister(connection)
                connection.close()
                note(time.perf_counter() - begun.pop(connection))
                begin()
        for connection in begun:
            connection.close()


def _check(reply: bytes, expected: bytes) -> None:
    if reply != expected:
        raise SystemExit(f"the server answers {reply!r} where {expected!r} is right")


LOADS = {"tls": _tls, "connect": _connect, "websocket": _websocket}

if __name__ == "__main__":
    main()
