"""A typed route in FastAPI."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    item: str
    quantity: int


class Quote(BaseModel):
    item: str
    total: int


@app.post("/order")
async def order(order: Order) -> Quote:
    return Quote(item=order.item, total=order.quantity * 3)
