"""What the daemon of the long proof serves."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import Request

from protocols.http import Event


def shout(message: bytes) -> bytes:
    """The message in upper case."""
    return message.upper()


async def shout_later(message: bytes) -> bytes:
    """The same, after others had their turn."""
    await asyncio.sleep(0)
    return message.upper()


def collect(message: bytes) -> bytes:
    """Take away what nobody can reach any more, and say how much that was."""
    return str(gc.collect()).encode()


class Echo(Protocol):
    """Sends back what comes."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


echoing = Factory.forProtocol(Echo)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The content of the request in upper case."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read().upper()]


async def asgi(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """The content of the request in upper case."""
    content, is_more = b"", True
    while is_more:
        message = await receive()
        content += message.get("body", b"")
        is_more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": content.upper()})


class Shouting(Resource):
    """The content of the request in upper case."""

    isLeaf = True  # noqa: N815 - the name is Twisted's

    def render_POST(self, request: Request) -> bytes:  # noqa: N802 - the name is Twisted's
        content: bytes = request.content.read()
        return content.upper()


def resource() -> Resource:
    return Shouting()


async def events(count: int) -> AsyncIterator[Event]:
    """So many, numbered from zero."""
    for number in range(count):
        yield Event(f"event {number}", id=number)
        if number % 16 == 15:
            await asyncio.sleep(0)
