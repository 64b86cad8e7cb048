"""Starlette and FastAPI, over the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_twisted
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.http import ASGIRoute, HTTPFactory

DONE: list[str] = []


async def info(request: Request) -> JSONResponse:
    return JSONResponse({"url": str(request.url), "id": request.path_params["id"], "db": request.state.db})


async def upload(request: Request) -> PlainTextResponse:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return PlainTextResponse(str(size), background=BackgroundTask(DONE.append, "background"))


async def count(request: Request) -> StreamingResponse:
    async def items() -> AsyncIterator[str]:
        for number in range(1000):
            yield f"{number}\n"

    return StreamingResponse(items())


async def chat(socket: WebSocket) -> None:
    await socket.accept(subprotocol="b")
    try:
        while True:
            await socket.send_text((await socket.receive_text()).upper())
    except WebSocketDisconnect as left:
        DONE.append(f"left {left.code}")


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
    DONE.append("up")
    yield {"db": "open"}
    DONE.append("down")


class Order(BaseModel):
    item: str
    count: int


api = FastAPI()


@api.post("/orders")
async def order(order: Order) -> dict[str, Any]:
    return {"sum": order.count * 2, "item": order.item}


@api.get("/threads")
def in_a_thread() -> dict[str, str]:
    return {"said": "hello"}


STARLETTE = Starlette(
    routes=[
        Route("/info/{id:int}", info),
        Route("/upload", upload, methods=["POST"]),
        Route("/count", count),
        WebSocketRoute("/chat", chat),
        Mount("/api", api),
    ],
    lifespan=lifespan,
)


@pytest_twisted.async_yield_fixture
async def served(clock, journal):
    """The port on which the applications are."""
    DONE.clear()
    endpoint = None
    try:
        from protocols.http.websocket import Endpoint
    except ImportError:
        pass
    else:
        endpoint = Endpoint(clock=clock, journal=journal)
    route = ASGIRoute(STARLETTE, reactor=clock, journal=journal, endpoint=endpoint)
    await route.lifespan.start()
    assert DONE == ["up"]
    factory = HTTPFactory({"/app/": route}, journal=journal, clock=clock)
    port = clock.listenTCP(0, factory, interface="127.0.0.1")
    yield port.getHost().port
    await port.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    await route.end()
    assert DONE[-1] == "down"


def asked(function: Any) -> Deferred[Any]:
    """What `function` finds out in a thread, while the reactor answers in this one."""
    return deferToThread(function)


@pytest_twisted.ensureDeferred
async def test_starlette(served: int) -> None:
    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{served}/app") as client:
            answer = client.get("/info/5?q=1")
            url = f"http://127.0.0.1:{served}/app/info/5?q=1"
            assert answer.json() == {"url": url, "id": 5, "db": "open"}
            assert client.post("/upload", content=(b"x" * 10_000 for _ in range(50))).text == "500000"
            assert client.post("/upload", content=b"x" * 700_000).text == "700000"
            assert client.get("/count").text == "".join(f"{number}\n" for number in range(1000))
            assert client.head("/info/5").headers["content-length"] == str(len(answer.content) - 4)
            assert client.get("/none").status_code == 404
            assert client.post("/upload", content=b"x" * 2_000_000).status_code == 413

    await asked(ask)
    assert DONE == ["up", "background", "background"]


@pytest_twisted.ensureDeferred
async def test_fastapi(served: int) -> None:
    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{served}/app/api") as client:
            answer = client.post("/orders", json={"item": "tea", "count": 2})
            assert answer.json() == {"sum": 4, "item": "tea"}
            assert client.post("/orders", json={"item": "tea"}).status_code == 422
            assert client.get("/threads").json() == {"said": "hello"}
            assert client.get("/openapi.json").json()["servers"] == [{"url": "/app/api"}]

    await asked(ask)


@pytest_twisted.ensureDeferred
async def test_websocket(served: int) -> None:
    pytest.importorskip("protocols.http.websocket")
    from websockets.sync.client import connect

    def ask() -> None:
        with connect(f"ws://127.0.0.1:{served}/app/chat", subprotocols=["a", "b"]) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == "b"
            for word in ("one", "z\u00e9"):
                socket.send(word)
                assert socket.recv(timeout=10) == word.upper()

    await asked(ask)
    assert DONE == ["up", "left 1000"]
