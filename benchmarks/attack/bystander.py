"""Somebody who behaves, and how long he waits for his answers."""

from __future__ import annotations

import itertools
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from failure import BenchmarkError
from python_load import LINE, UPGRADE

HOST = "127.0.0.1"
# One alone would ask more often than one source may.
SOURCES = [f"127.200.0.{n}" for n in range(1, 9)]
# Each opens so few connections that a new one may come at any time.
PASSERS_BY = [f"127.{201 + n // 60000}.{n // 250 % 240}.{1 + n % 250}" for n in range(180_000)]
PATIENCE = 10.0
# After which a datagram is lost; it is asked again.
LOST = 0.1
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Masked with zeros, which leaves the message as it is.
FRAME = bytes([0x81, 0x80 | len(LINE)]) + bytes(4) + LINE

Ask: TypeAlias = Callable[[], bool]
"""Asks once, and waits for the answer: whether there was one."""


@dataclass(frozen=True, slots=True)
class Service:
    """What somebody was served."""

    median: float
    """Seconds from a question to its answer."""
    p99: float
    rate: float
    """Answers a second, one question after the other; lost ones cost nothing but the time to ask again."""
    lost: float
    """The share of questions that had no answer; only datagrams have none."""


@contextmanager
def bystander(kind: str, port: int) -> Iterator[Ask]:
    """Somebody who asks `port` in the manner of `kind`."""
    with ExitStack() as stack:
        yield KINDS[kind](stack, port)


def served(ask: Ask, seconds: float) -> Service:
    """Ask for so long."""
    times = []
    lost = 0
    begun = now = time.perf_counter()
    while now - begun < seconds:
        if ask():
            times.append(time.perf_counter() - now)
        else:
            lost += 1
        now = time.perf_counter()
    if not times:
        raise BenchmarkError("somebody who behaves is not served at all")
    times.sort()
    last = len(times) - 1
    share = lost / (len(times) + lost)
    return Service(times[last // 2], times[last * 99 // 100], len(times) / sum(times), share)


def _connected(port: int, source: str) -> socket.socket:
    made = socket.create_connection((HOST, port), PATIENCE, source_address=(source, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _in_turn(connections: list[socket.socket], question: bytes, answer: bytes) -> Ask:
    """One question in flight, on one connection after the other."""
    turn = itertools.cycle(connections)

    def ask() -> bool:
        connection = next(turn)
        connection.sendall(question)
        got = b""
        while not got.endswith(answer):
            piece = connection.recv(65_536)
            if not piece:
                raise BenchmarkError("somebody who behaves was cut off")
            got += piece
        return True

    return ask


def _lines(stack: ExitStack, port: int) -> Ask:
    made = [stack.enter_context(_connected(port, source)) for source in SOURCES]
    return _in_turn(made, LINE, LINE.upper())


def _web(stack: ExitStack, port: int) -> Ask:
    made = [stack.enter_context(_connected(port, source)) for source in SOURCES]
    return _in_turn(made, GET, b"fine")


def _tls(stack: ExitStack, port: int) -> Ask:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    made: list[socket.socket] = [
        stack.enter_context(context.wrap_socket(_connected(port, source))) for source in SOURCES
    ]
    return _in_turn(made, LINE, LINE.upper())


def _websocket(stack: ExitStack, port: int) -> Ask:
    made = [stack.enter_context(_connected(port, source)) for source in SOURCES]
    upgrade = UPGRADE.replace(b"/echo", b"/live")
    for connection in made:
        connection.sendall(upgrade)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65_536)
    return _in_turn(made, FRAME, LINE.upper())


def _datagrams(stack: ExitStack, port: int) -> Ask:
    made = []
    for source in SOURCES:
        asking = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        asking.bind((source, 0))
        asking.connect((HOST, port))
        asking.settimeout(LOST)
        made.append(asking)
    turn = itertools.cycle(made)

    def ask() -> bool:
        asking = next(turn)
        asking.send(LINE)
        try:
            return bool(asking.recv(65_536))
        except TimeoutError:
            return False

    return ask


def _newcomers(stack: ExitStack, port: int, *, question: bytes = LINE, answer: bytes = LINE.upper()) -> Ask:
    """A connection for each question, every one from somebody else."""
    passing = itertools.cycle(PASSERS_BY)

    def ask() -> bool:
        with _connected(port, next(passing)) as connection:
            return _in_turn([connection], question, answer)()

    return ask


KINDS: dict[str, Callable[[ExitStack, int], Ask]] = {
    "lines": _lines,
    "web": _web,
    "tls": _tls,
    "websocket": _websocket,
    "datagrams": _datagrams,
    "new lines": _newcomers,
    "new requests": partial(_newcomers, question=GET, answer=b"fine"),
}
