"""Lines over TCP with asyncio streams, which set TCP_NODELAY themselves."""

from __future__ import annotations

import asyncio

from shouting import shout


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(shout(line[:-1]) + b"\n")
        await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
