"""How services for datagrams are talked to, one socket for each exchange."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections import Counter
from functools import partial

from operations.exchanges import Exchange, Places, WrongError, messages
from operations.question import HOST

# So few that no buffer on the way is too small for them.
AT_ONCE = 16
# Seconds after which a datagram is lost, which they may be; it is sent again.
LOST = 3.0
ATTEMPTS = 5

lost: Counter[str] = Counter()
"""Datagrams that were, by service."""

_numbers = itertools.count()


async def datagrams(places: Places, count: int, *, service: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((HOST, places.ports[service]))
        await _exchange(asking, count, service)


async def unix_datagrams(places: Places, count: int) -> None:
    """The answers need a name to be sent to."""
    own = f"\0polyport-proofs-{os.getpid()}-{next(_numbers)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
        asking.bind(own)
        asking.connect(str(places.folder / "datagrams.sock"))
        await _exchange(asking, count, "unix datagrams")


async def _exchange(asking: socket.socket, count: int, service: str) -> None:
    loop = asyncio.get_running_loop()
    asking.setblocking(False)
    for some in messages(count, AT_ONCE):
        missing = {each.upper(): each for each in some}
        for _ in range(ATTEMPTS):
            if not missing:
                break
            for each in missing.values():
                await loop.sock_sendall(asking, each)
            try:
                await asyncio.wait_for(_hear(asking, missing, service), LOST)
            except TimeoutError:
                lost[service] += len(missing)
        if missing:
            raise WrongError(f"{service} does not answer {ATTEMPTS} times")


async def _hear(asking: socket.socket, missing: dict[bytes, bytes], service: str) -> None:
    loop = asyncio.get_running_loop()
    while missing:
        came = await loop.sock_recv(asking, 65_536)
        if came.upper() != came or not came.startswith(b"MESSAGE "):
            raise WrongError(f"{service} answers {came!r}")
        missing.pop(came, None)  # or it comes twice


DATAGRAMS: dict[str, Exchange] = {
    "datagrams": partial(datagrams, service="datagrams"),
    "datagrams passed on": partial(datagrams, service="passed_on"),
    "unix datagrams": unix_datagrams,
}
