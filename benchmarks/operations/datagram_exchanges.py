"""How services for datagrams are talked to, one socket for each exchange."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from functools import partial

from operations.exchanges import PATIENCE, Exchange, Places, WrongError, messages
from operations.question import HOST

# So few that no buffer on the way is too small for them.
AT_ONCE = 16

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
        for each in some:
            await loop.sock_sendall(asking, each)
        missing = {each.upper() for each in some}
        while missing:
            came = await asyncio.wait_for(loop.sock_recv(asking, 65_536), PATIENCE)
            if came not in missing:
                raise WrongError(f"{service} answers {came!r}")
            missing.remove(came)


DATAGRAMS: dict[str, Exchange] = {
    "datagrams": partial(datagrams, service="datagrams"),
    "datagrams passed on": partial(datagrams, service="passed_on"),
    "unix datagrams": unix_datagrams,
}
