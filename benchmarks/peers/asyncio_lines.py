"""Lines over TCP with asyncio streams, which set TCP_NODELAY themselves."""

from __future__ import annotations

import asyncio

from peers.streams import serve
from shouting import shout


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(shout(line[:-1]) + b"\n")
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(serve(answer))
