"""What comes without end: ``python -m attack.storm KIND PORT SECONDS``, a process of its own.

It prints a line of JSON when it has begun, and what it has done when the time is over.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from OpenSSL import SSL

HOST = "127.0.0.1"
ATTACKER = "127.66.0.1"
# That are held at a time; the oldest goes for the next.
HELD = 1000
# So many that no limit of a source is reached.
MANY = 250 * 250
AT_ONCE = 64
PATIENCE = 2.0
# Ends a connection without a trace, or the ports would run out.
RESET = struct.pack("ii", 1, 0)
GARBAGE = b"\x9f" * 512
# A record of 32 KiB, twice what RFC 8446 (section 5.1) allows, as the first one of a handshake.
OVERSIZED = b"\x16\x03\x01\x80\x00" + b"\x01" * 0x8000
DATAGRAM = b"a message of sixty-four bytes, the newline counted as one of 'em"


def main(kind: str, port: int, seconds: float) -> None:
    print(json.dumps({"begun": True}), flush=True)
    until = time.monotonic() + seconds
    print(json.dumps(STORMS[kind](port, until)), flush=True)


def _connections(port: int, until: float) -> dict[str, int]:
    """Connections of one source, as fast as they can be made."""
    held: deque[socket.socket] = deque()
    made = failed = 0
    while time.monotonic() < until:
        connection = _socket(ATTACKER)
        try:
            connection.connect((HOST, port))
            made += 1
        except OSError:
            failed += 1
        held.append(connection)
        if len(held) > HELD:
            held.popleft().close()
    for connection in held:
        connection.close()
    return {"made": made, "failed": failed}


def _datagrams(port: int, until: float) -> dict[str, int]:
    """Datagrams of one source, as fast as they can be sent."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.bind((ATTACKER, 0))
        sending.connect((HOST, port))
        while time.monotonic() < until:
            for _ in range(100):
                with suppress(OSError):
                    sending.send(DATAGRAM)
            sent += 100
    return {"made": sent}


def _bad_records(records: bytes, sources: int) -> Callable[[int, float], dict[str, int]]:
    """Connections that begin with `records`, each given up once it is refused."""

    def storm(port: int, until: float) -> dict[str, int]:
        poller = select.epoll()
        under_way: dict[int, socket.socket] = {}
        made = 0
        while time.monotonic() < until:
            while len(under_way) < AT_ONCE and time.monotonic() < until:
                connection = _socket(ATTACKER if sources == 1 else _another(made))
                made += 1
                try:
                    connection.connect((HOST, port))
                    connection.send(records)
                except OSError:
                    connection.close()
                    continue
                connection.setblocking(False)
                under_way[connection.fileno()] = connection
                poller.register(connection.fileno(), select.EPOLLIN)
            for number, _ in poller.poll(PATIENCE):
                with suppress(OSError):
                    if under_way[number].recv(4096):
                        continue  # an alert
                under_way.pop(number).close()
        return {"made": made}

    return storm


def _renegotiations(port: int, until: float) -> dict[str, int]:
    """Clients that ask for one handshake after the other (RFC 5246, section 7.4.1.1)."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    made = asked = 0
    while time.monotonic() < until:
        connection = _socket(ATTACKER)
        try:
            connection.connect((HOST, port))
        except OSError:
            connection.close()
            continue
        connection.settimeout(None)
        secured = SSL.Connection(context, connection)
        secured.set_connect_state()
        with suppress(SSL.Error):
            secured.do_handshake()
            made += 1
            for _ in range(100):
                asked += 1
                secured.renegotiate()
                secured.do_handshake()
        connection.close()
    return {"made": made, "asked": asked}


def _another(number: int) -> str:
    """One of the sources of which there are many."""
    return f"127.67.{number // 250 % 250}.{1 + number % 250}"


def _socket(source: str) -> socket.socket:
    made = socket.socket()
    made.settimeout(PATIENCE)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((source, 0))
    return made


# Of Linux: a port is picked when it is known where to, so that it may serve for several (since 4.2).
IP_BIND_ADDRESS_NO_PORT = 24

STORMS: dict[str, Callable[[int, float], dict[str, int]]] = {
    "connections": _connections,
    "datagrams": _datagrams,
    "garbage": _bad_records(GARBAGE, 1),
    "oversized": _bad_records(OVERSIZED, 1),
    "garbage of many": _bad_records(GARBAGE, MANY),
    "renegotiations": _renegotiations,
}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
