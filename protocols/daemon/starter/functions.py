"""Functions that polyport.yaml puts on the network."""

from pydantic import BaseModel, Field

PRICES = {"tea": 3.5, "coffee": 4.0}


def shout(message: str) -> str:
    """Answer in capitals.  A plain def runs in a thread, so it may take its time."""
    return message.upper()


class Order(BaseModel):
    """What a customer asks for."""

    item: str
    count: int = Field(default=1, ge=1, le=100)


class Quote(BaseModel):
    """What it would cost."""

    item: str
    total: float


async def quote(order: Order) -> Quote:
    """Answer a typed message; one of the wrong shape never gets here.

    An async def runs in the event loop, and must not block it.
    """
    return Quote(item=order.item, total=order.count * PRICES.get(order.item, 1.0))
