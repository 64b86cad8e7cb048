"""Lines over TCP with a bare asyncio.Protocol on uvloop, which sets TCP_NODELAY itself."""

from __future__ import annotations

import asyncio

import uvloop
from shouting import shout


class Lines(asyncio.Protocol):
    def __init__(self) -> None:
        self.rest = b""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if lines:
            self.transport.write(b"".join([shout(line) + b"\n" for line in lines]))


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Lines, "127.0.0.1", 0)
    async with server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
