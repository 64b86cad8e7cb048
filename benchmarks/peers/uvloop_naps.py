"""Lines over TCP with asyncio streams on uvloop, each answered after ``asyncio.sleep(0)``."""

from __future__ import annotations

import asyncio

import uvloop
from peers.streams import serve
from shouting import nap


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(await nap(line[:-1]) + b"\n")
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    uvloop.run(serve(answer))
