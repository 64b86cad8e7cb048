"""Memory of idle connections: what 10,000 of them cost each server, in bytes for each.

Both ends need a descriptor for each connection, so the limit of open files is raised as far as it may be.
"""

from __future__ import annotations

import argparse
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from failure import BenchmarkError
from processor import resident
from servers import Server, peer_server, polyport_server

CONNECTIONS = 10_000
# For the interpreter's and the server's own.
SPARE = 100
SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "polyport": partial(polyport_server, "lines", None),
    "Polyport on Twisted's epoll": partial(polyport_server, "lines", None, reactor="epoll"),
    "LineReceiver on Polyport's reactor": partial(peer_server, "twisted_lines_here", "lines", None),
    "Twisted LineReceiver": partial(peer_server, "twisted_lines", "lines", None),
    "uvloop Protocol": partial(peer_server, "uvloop_lines", "lines", None),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    wanted = parser.parse_args().connections
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(wanted, hard - SPARE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + SPARE), hard))
    print(f"bytes of resident memory for each of {count:,} idle connections\n")
    for name, start in SERVERS.items():
        try:
            print(f"  {name:36}{_measured(start, count):>8,.0f}", flush=True)
        except BenchmarkError as error:
            print(f"error: {name}: {error}", file=sys.stderr)
            return 1
    return 0


def _measured(start: Callable[[], AbstractContextManager[Server]], count: int) -> float:
    with start() as server:
        # What the first connections make the allocator take is not theirs.
        first = [_connected(server.port) for _ in range(100)]
        before = resident(server.pid)
        connections = [_connected(server.port) for _ in range(count - len(first))]
        after = resident(server.pid)
        for connection in first + connections:
            connection.close()
    return (after - before) / len(connections)


def _connected(port: int) -> socket.socket:
    """A connection that has been served once, and so is accepted."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(b"ready\n")
    if connection.recv(64) != b"READY\n":
        raise BenchmarkError("a connection was not answered")
    return connection


if __name__ == "__main__":
    sys.exit(main())
