"""A server that is wrong now and then, to see that the load notices: ``python -m operations.faulty FAULT``.

Faults are ``silence`` (no answer), ``reset`` and ``close`` (the connection ends in its stead), ``wrong``
(another answer), ``goodbye`` (an end that is said before, by HTTP and WebSocket), ``gone`` (nobody listens
any more) and ``none``.  It prints the ports of its services as a line of JSON, is gone with
the first line that it reads, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import struct
import sys
from typing import cast

from operations.question import HOST
from websockets.asyncio.server import ServerConnection, serve

# Every so many questions; more than are in flight at once, so that each fault has questions of its own.
EVERY = 30
RESET = struct.pack("ii", 1, 0)


class Faults:
    """Says for which question something is to be wrong."""

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return "none" if self._count % EVERY else self._fault


class Served(asyncio.Protocol):
    """A line service, or one of HTTP/1.1."""

    def __init__(self, faults: Faults, *, is_web: bool) -> None:
        self._faults = faults
        self._is_web = is_web
        self._came = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._is_web:
            self._answer(data.partition(b"\r\n\r\n")[2])
            return
        *lines, self._came = (self._came + data).split(b"\n")
        for line in lines:
            self._answer(line)

    def _answer(self, message: bytes) -> None:
        fault = self._faults.next()
        text = answer(message, fault)
        if fault == "reset":
            handle = self._transport.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()
        elif fault == "close" or (fault == "goodbye" and not self._is_web):
            self._transport.close()
        elif fault != "silence":
            ending = b"close" if fault == "goodbye" else b"keep-alive"
            head = b"HTTP/1.1 200 OK\r\nConnection: %b\r\nContent-Length: %d\r\n\r\n" % (ending, len(text))
            self._transport.write(head + text if self._is_web else text + b"\n")


class Datagrams(asyncio.DatagramProtocol):
    """A service for datagrams."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        fault = self._faults.next()
        if fault in ("none", "wrong"):
            self._transport.sendto(answer(data, fault), address)


def answer(message: bytes, fault: str) -> bytes:
    return b"1 " + (b"something else" if fault == "wrong" else message.upper())


async def main(fault: str) -> None:
    loop = asyncio.get_running_loop()
    faults = {name: Faults(fault) for name in ("lines", "web", "live", "datagrams")}
    lines = await loop.create_server(lambda: Served(faults["lines"], is_web=False), HOST, 0)
    web = await loop.create_server(lambda: Served(faults["web"], is_web=True), HOST, 0)

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            fault = faults["live"].next()
            if fault == "reset":
                connection.transport.abort()
                return
            if fault in ("goodbye", "close"):
                await connection.close()
            elif fault != "silence":
                await connection.send(answer(cast("bytes", message), fault))

    live = await serve(echo, HOST, 0)
    datagrams, _ = await loop.create_datagram_endpoint(lambda: Datagrams(faults["datagrams"]), (HOST, 0))
    places = {name: one.sockets[0] for name, one in (("lines", lines), ("web", web), ("live", live.server))}
    ports = {name: place.getsockname()[1] for name, place in places.items()}
    print(json.dumps({**ports, "datagrams": datagrams.get_extra_info("sockname")[1]}), flush=True)
    logging.disable()  # of the library, which cannot know that it is meant to be so
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    loop.add_reader(sys.stdin.fileno(), lambda: heard.put_nowait(os.read(sys.stdin.fileno(), 64)))
    while await heard.get():
        if fault == "gone":
            datagrams.close()
            for one in (lines, web, live):
                one.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
