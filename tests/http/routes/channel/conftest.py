from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from protocols.channels import Channel, Entry, StalledError, UnavailableError
from protocols.channels.intake import Intake
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.settings import Settings
from protocols.http.routes.channel.route import ChannelRoute


class Store(MemoryStore):
    """One in memory that counts what is asked of it, can fail, and gives its pieces when the test says."""

    fails = False
    is_known = True
    waits = False
    refuses = False
    piece = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.exports = 0
        self.waiting: list[Callable[[], None]] = []

    def _may(self, do: Callable[[], Any]) -> Any:
        if self.fails:
            return fail(UnavailableError("the disk hangs"))
        if not self.waits:
            return do()
        waiting: Deferred[Any] = Deferred()
        self.waiting.append(lambda: do().chainDeferred(waiting))
        return waiting

    def known(self) -> Any:
        return super().known() if self.is_known else fail(UnavailableError("NATS is away"))

    def export(self, after: int, through: int, most: int, key: str = "") -> Any:
        self.exports += 1
        most = min(most, self.piece) if self.piece else most
        return self._may(lambda: super(Store, self).export(after, through, most, key))

    def seq_before(self, time: int) -> Any:
        return self._may(lambda: super(Store, self).seq_before(time))

    def append(self, entries: Any) -> Any:
        if self.fails:
            raise UnavailableError("the disk is full")
        if not self.waits:
            return super().append(entries)
        waiting: Deferred[Any] = Deferred()
        self.waiting.append(lambda: self._append_later(entries, waiting))
        return waiting

    def _append_later(self, entries: Any, waiting: Deferred[Any]) -> None:
        if self.refuses:
            waiting.errback(StalledError("the store does not answer"))
        else:
            waiting.callback(super().append(entries))

    def go_on(self) -> None:
        waiting, self.waiting = self.waiting, []
        for do in waiting:
            do()


class Resource:
    """A channel at /c, and one client of it."""

    def __init__(self, channel: Channel, route: ChannelRoute, client: Any) -> None:
        self.channel = channel
        self.store: Any = channel.store
        self.route = route
        self.client = client
        self.wire = client.wire
        self.clock = client.clock

    def publish(self, *bodies: bytes | Entry) -> None:
        self.channel.publish([body if isinstance(body, Entry) else Entry(body) for body in bodies])

    def get(self, query: str = "", **headers: str) -> Any:
        return self.client.ask("GET", "/c" + query, **headers)

    def post(self, body: bytes, query: str = "", **headers: str) -> Any:
        return self.client.ask("POST", "/c" + query, body, **headers)

    def begin(self, query: str = "", **headers: str) -> None:
        """Ask, and wait for nothing."""
        lines = [f"GET /c{query} HTTP/1.1", "Host: a"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.client.send("\r\n".join([*lines, "", ""]).encode())
        self.turns()

    def follow(self, query: str = "", **headers: str) -> None:
        """Ask for events."""
        self.begin(query, Accept="text/event-stream", **headers)

    def turns(self, count: int = 30) -> None:
        for _ in range(count):
            self.client.turn()

    def bodies(self, query: str = "") -> list[Any]:
        """The bodies of what lines there are."""
        return [json.loads(line)["body"] for line in self.get(query).body.splitlines()]

    def came(self) -> bytes:
        """What has come of a chunked body since this was asked last."""
        data = self.wire.value()
        self.wire.clear()
        if data.startswith(b"HTTP/"):
            head, _, data = data.partition(b"\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in head
        said = b""
        while data:
            size, _, rest = data.partition(b"\r\n")
            said, data = said + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return said

    def another(self, client: Any) -> Resource:
        return Resource(self.channel, self.route, client)


@pytest.fixture
def resource(connect, clock):
    """Make a channel and a route to it; what is no setting of the route is one of the channel."""

    def resource(codec: Any = None, limits: Any = None, **named: Any) -> Resource:
        of_route = {"publishes", "reads", "since", "form", "retry", "heartbeat", "origins"}
        chosen = {name: named.pop(name) for name in of_route & named.keys()}
        settings = Settings(**named)
        clock.advance(1_700_000_000 - clock.seconds() if clock.seconds() < 1e9 else 0)
        store = Store(MemoryLog(), now=clock.seconds)
        intake = Intake(codec=codec, most=settings.message)
        channel = Channel("c", store, clock=clock, settings=settings, intake=intake, now=clock.seconds)
        channel.open()
        route = ChannelRoute(channel, clock=clock, **chosen)
        made.append(route)
        return Resource(channel, route, connect({"/c": route}, **(limits or {})))

    made: list[ChannelRoute] = []
    yield resource
    for route in made:
        route.drain()
        route.stop()
        assert route.channel.subscribers == 0
        assert not route._open
        route.channel.close()
