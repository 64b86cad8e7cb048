"""A server with asyncio streams, which set TCP_NODELAY themselves, on whatever loop runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def serve(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
    """Serve `answer` on a port of the system's choice."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()
