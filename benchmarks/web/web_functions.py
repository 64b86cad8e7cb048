"""The functions that Polyport serves in the benchmark of HTTP."""

from __future__ import annotations

from pydantic import BaseModel

from protocols.http import Request, Response


async def hello(request: Request) -> Response:
    return Response(b"Hello, world!", content_type="text/plain")


class Order(BaseModel):
    item: str
    quantity: int


class Quote(BaseModel):
    item: str
    total: int


async def order(order: Order) -> Quote:
    return Quote(item=order.item, total=order.quantity * 3)


def echo(message: bytes) -> bytes:
    return message
