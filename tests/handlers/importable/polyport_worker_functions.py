"""Functions for worker processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

from pydantic import BaseModel

from protocols.session import Peer


class Order(BaseModel):
    amount: int


def echo(message: bytes) -> bytes:
    return message


def pid(message: bytes) -> int:
    return os.getpid()


def who(message: bytes, peer: Peer) -> str:
    return f"{peer.host} says {message.decode()}"


def take(order: Order) -> int:
    return order.amount * 2


def silent(message: bytes) -> None:
    return None


def crash(message: bytes) -> bytes:
    if message == b"crash":
        os._exit(3)
    return message


def boom(message: bytes) -> bytes:
    raise LookupError("the shelf is empty")


def leave(message: bytes) -> bytes:
    sys.exit(message.decode())


def interrupt(message: bytes) -> bytes:
    raise KeyboardInterrupt


def meet(paths: bytes) -> bytes:
    """Says its process id into the first fifo, and answers when something comes out of the second."""
    said, heard = paths.split()
    with open(said, "w") as file:  # noqa: PTH123
        file.write(f"{os.getpid()}\n")
    with open(heard, "rb") as file:  # noqa: PTH123
        return file.read()


def count(message: bytes) -> Iterator[bytes]:
    for n in range(int(message)):
        yield b"%d" % n


def endless(message: bytes) -> Iterator[bytes]:
    while True:
        yield bytes(1024 * 1024)


def hang(path: bytes) -> bytes:
    with open(path, "w") as file:  # noqa: PTH123
        file.write(f"{os.getpid()}\n")
    while True:
        time.sleep(1)


def late(message: bytes) -> bytes:
    """Answers ``slow`` only after another message has made the file it names."""
    slow, _, path = message.partition(b" ")
    if slow == b"slow":
        while not os.path.exists(path):  # noqa: PTH110
            time.sleep(0.005)
    else:
        open(path, "w").close()  # noqa: PTH123
    return slow


def interrupted(message: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGINT)
    return b"still here"


def strange(message: bytes) -> object:
    return object()
