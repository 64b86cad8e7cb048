"""Load in Python, for what the generator in C does not speak: ``python_load.py tls|connect HOST PORT``.

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
from collections.abc import Callable, Iterator
from statistics import quantiles

LINE = b"a message of sixty-four bytes, the newline counted as one of 'em\n"[-64:]
PATIENCE_SECONDS = 10.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("tls", "connect"))
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    run = _tls if options.kind == "tls" else _connect
    latencies: list[float] = []
    run((options.host, options.port), options.connections, options.seconds, latencies.append)
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
    sent: dict[ssl.SSLSocket, float] = {}
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    deadline = time.perf_counter() + seconds

    def ask(connection: ssl.SSLSocket) -> None:
        sent[connection] = time.perf_counter()
        connection.send(LINE)

    for connection in connections:
        ask(connection)
    for connection in _ready(connections, deadline):
        connection.setblocking(False)
        try:
            reply = connection.recv(65_536)
        except ssl.SSLWantReadError:
            continue  # a session ticket
        _check(reply)
        now = time.perf_counter()
        note(now - sent[connection])
        ask(connection)
    for connection in connections:
        connection.close()


def _ready(connections: list[ssl.SSLSocket], deadline: float) -> Iterator[ssl.SSLSocket]:
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
                _check(connection.recv(65_536))
                selector.unregister(connection)
                connection.close()
                note(time.perf_counter() - begun.pop(connection))
                begin()
        for connection in begun:
            connection.close()


def _check(reply: bytes) -> None:
    if reply != LINE.upper():
        raise SystemExit(f"the server answers {reply!r} where {LINE.upper()!r} is right")


if __name__ == "__main__":
    main()
