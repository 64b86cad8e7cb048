"""Lines over TCP with asyncio streams on uvloop, each answered after ``asyncio.sleep(0)``."""

from __future__ import annotations

import asyncio

import uvloop
from shouting import nap


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(await nap(line[:-1]) + b"\n")
        await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
