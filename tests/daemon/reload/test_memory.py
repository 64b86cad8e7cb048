"""Code that was replaced leaves nothing behind, whatever it was used for."""

from __future__ import annotations

import gc
import weakref

import pytest

from protocols.daemon.assembly import Setting, assemble, discard
from protocols.daemon.loader import load
from protocols.daemon.reload.fingerprint import fingerprint

FUNCTIONS = """
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Optional

from pydantic import BaseModel, Field
from typing_extensions import TypedDict
from twisted.internet.protocol import Factory
from twisted.web.resource import Resource

from protocols.handlers import Conversation
from protocols.http import Event, Request, Response

class Marker: pass
marker = Marker()

class Kind(Enum):
    TEA = "tea"

class Order(BaseModel):
    kind: Kind
    count: Annotated[int, Field(ge=1)] = 1
    next: Optional["Order"] = None

@dataclass
class Quote:
    total: int
    orders: list[Order]

class Words(TypedDict):
    text: str

def price(order: Order) -> Quote:
    return Quote(1, [order])

def item(id: int, words: Words, kind: Kind | None = None) -> list[Quote]:
    return []

def whole(request: Request) -> Response:
    return Response()

async def talk(connection: Conversation[Order]) -> None:
    pass

def ticks() -> Iterator[Event]:
    yield Event("x")

def app(environ, start_response):
    return []


class Root(Resource):
    pass

factory = Factory()
"""

SERVICES = {
    "threads": "function: {call: shop:price, run: threads}",
    "processes": "function: {call: shop:price, run: processes}",
    "talking": "function: shop:talk",
    "factory": "factory: shop:factory",
    "routes": "http: {/p: {function: shop:price}, '/i/{id}': {function: shop:item, methods: [PUT]}, "
    "/w: {function: shop:whole}}",
    "websocket": "http: {/w: {websocket: {function: shop:price}}}",
    "events": "http: {/e: {events: shop:ticks}}",
    "applications": "http: {/a/: {wsgi: shop:app}, /c/: {resource: shop:Root}}",
    "docs": "http: {/: {docs: Shop}, /p: {function: shop:price}}",
}


@pytest.mark.parametrize("name", SERVICES)
def test_code_that_served_goes_with_its_service(folder, code, clock, name):
    yaml = folder.path / "polyport.yaml"
    yaml.write_text(f"services:\n  one:\n    listen: tcp://:0\n    {SERVICES[name]}\n")
    markers, setting = [], Setting(clock)
    for number in range(5):
        folder.write(shop=f"number = {number}\n{FUNCTIONS}")
        with code.aside() as aside:
            loaded = load(yaml, aside.resolve)
            fingerprint(loaded, "one", code)
            carriers = assemble(loaded, setting)
            aside.commit()
        markers.append(weakref.ref(code.resolve("shop:marker")))
        discard(carriers)
    del loaded, carriers
    gc.collect()
    assert [marker() is None for marker in markers] == [True] * 4 + [False]
