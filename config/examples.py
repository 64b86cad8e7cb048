"""The functions that minimal.yaml and full.yaml put on the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.protocol import Factory, Protocol

from protocols.http import Event


def shout(message: str) -> str:
    """Answer in capitals."""
    return message.upper()


async def reverse(message: bytes) -> bytes:
    """Answer with the bytes turned round."""
    return message[::-1]


@dataclass
class Order:
    """What a customer asks for."""

    item: str
    count: int = 1


@dataclass
class Quote:
    """What it would cost."""

    item: str
    total: float


PRICES = {"tea": 3.5, "coffee": 4.0}


def price(order: Order) -> Quote:
    """Say what an order costs."""
    return Quote(order.item, order.count * PRICES.get(order.item, 1.0))


def item(id: int, currency: str = "EUR", tags: list[str] | None = None) -> dict[str, object]:
    """Tell of the item that the path names; the rest is of the query."""
    return {"id": id, "currency": currency, "tags": tags or []}


async def ticks(last_event_id: int | None) -> AsyncIterator[Event]:
    """Count, a number a second; whoever comes back hears those that are next."""
    number = last_event_id or 0
    while True:
        number += 1
        yield Event(number, id=number)
        await asyncio.sleep(1)


class Greeting(Protocol):
    """Greets, and hangs up."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hello\r\n")
        self.transport.loseConnection()


greeting = Factory.forProtocol(Greeting)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application: what Flask and Django make."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from WSGI\n"]


async def asgi(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """An ASGI application: what Starlette, FastAPI and Django make."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello from ASGI\n"})


def resource() -> Any:
    """A resource of twisted.web, which Klein makes too."""
    from twisted.web.static import Data

    return Data(b"hello from twisted.web\n", "text/plain")
