from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.task import deferLater

from protocols.http.routes.asgi.route import ASGIRoute

PATIENCE = 10.0
"""Seconds something is waited for; only a test that fails takes them."""


@pytest.fixture
def clock() -> Any:
    """The reactor, in which asyncio runs."""
    from twisted.internet import reactor

    if not hasattr(reactor, "loop"):
        pytest.skip("no asyncio in this reactor")
    return reactor


class Site:
    """A client, in memory, of one application in the running reactor."""

    def __init__(self, client: Any, route: ASGIRoute, reactor: Any) -> None:
        self.client = client
        self.route = route
        self.reactor = reactor

    @property
    def value(self) -> bytes:
        """What the client has read."""
        return self.client.wire.value()

    def send(self, data: bytes) -> None:
        self.client.send(data)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the reactor turn until `condition` holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            await self.turn()

    async def turn(self) -> None:
        await deferLater(self.reactor, 0)

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        """The answer to one request."""
        self.client.wire.clear()
        lines = [f"{method} {path} HTTP/1.1", "Host: a.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        connection = self.client.connection
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await self.until(lambda: connection._current is None)
        (answer,) = self.client.answers(method)
        return answer


@pytest.fixture
def site(connect, clock, journal) -> Iterator[Callable[..., Site]]:
    """A client of an application at ``/app/``."""
    made: list[Site] = []

    def site(application: Any, *, path: str = "/app/", limits: Any = None, **settings: Any) -> Site:
        route = ASGIRoute(application, reactor=clock, journal=journal, **settings)
        made.append(Site(connect({path: route}, **(limits or {})), route, clock))
        return made[-1]

    yield site
    for each in made:
        if each.client.factory.open:
            each.client.leave()
        each.route.stop()
