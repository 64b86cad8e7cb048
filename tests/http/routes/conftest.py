from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import DeferredQueue

from protocols.http import EventsRoute
from protocols.http.routes.events import PATIENCE

GET = "GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"


class Follower:
    """A client of one route of events."""

    def __init__(self, client: Any, route: EventsRoute, another: Callable[[Any], Any]) -> None:
        self.route = route
        self.wire = client.wire
        self._client = client
        self._another = another

    def follow(self, path: str = "/e", headers: str = "") -> None:
        """Ask for the events."""
        self.send(GET.format(path=path, headers=headers).encode())
        self.turn()

    def open_quietly(self, headers: str = "") -> None:
        """Ask, and wait for the head without an event."""
        self.follow(headers=headers)
        assert self.wire.value() == b""
        self.clock.advance(PATIENCE)
        self.turn()

    @property
    def body(self) -> bytes:
        """What has come of a chunked body."""
        head, _, rest = self.wire.value().partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        said = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            said, rest = said + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return said

    def another(self) -> Follower:
        """Another client of the same route."""
        return Follower(self._another(self._client), self.route, self._another)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture
def follow(connect, clock, journal, another) -> Iterator[Callable[..., Follower]]:
    """A client of the events of one function, at /e unless another path is said."""

    def follow(function: Any, path: str = "/e", **settings: Any) -> Follower:
        route = EventsRoute(function, reactor=clock, journal=journal, path=path, **settings)
        routes.append(route)
        return Follower(connect({path: route}), route, another)

    routes: list[EventsRoute] = []
    yield follow
    # A generator that is left open would be missed in some other test.
    for route in routes:
        for stream in list(route._open):
            stream.close()
        route.stop()


class Ticker:
    """Makes what is put into it events, and knows whether it was closed."""

    def __init__(self) -> None:
        self.queue: DeferredQueue[object] = DeferredQueue()
        self.heard: list[object] = []
        self.closed = 0

    async def ticks(self, last_event_id: str | None) -> AsyncIterator[object]:
        self.heard.append(last_event_id)
        try:
            while (item := await self.queue.get()) is not None:
                yield item
        finally:
            self.closed += 1


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()
