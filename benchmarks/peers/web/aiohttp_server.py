"""aiohttp: a handler, and a proxy that streams."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop
from aiohttp import ClientSession, web

ORIGIN = web.AppKey("origin", str)
CLIENT = web.AppKey("client", ClientSession)


async def hello(request: web.Request) -> web.Response:
    return web.Response(body=b"Hello, world!", content_type="text/plain")


async def proxy(request: web.Request) -> web.StreamResponse:
    url = f"{request.app[ORIGIN]}/{request.match_info['rest']}"
    async with request.app[CLIENT].get(url) as answer:
        response = web.StreamResponse(status=answer.status)
        response.content_type = answer.content_type
        response.content_length = answer.content_length
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response


async def serve(port: int) -> None:
    app = web.Application()
    app[ORIGIN] = os.environ["ORIGIN"]
    app[CLIENT] = ClientSession()
    app.router.add_get("/hello", hello)
    app.router.add_get("/proxy/{rest}", proxy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
