"""Channels on nats-servers of their own, which the tests may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from protocols.channels import Channel, Entry, Settings
from protocols.channels.nats import NATSConnection, NATSSettings, NATSStore, obstacle

PATIENCE = 30.0


class Bench:
    """A channel, what a subscriber has of it, and how to publish to it."""

    def __init__(self, channel: Channel, store: NATSStore) -> None:
        self.channel = channel
        self.store = store
        self.came: list[Any] = []
        self.missed_count = 0
        self.subscription: Any = None

    def publish(self, *bodies: bytes, **named: Any) -> Deferred[Any]:
        return self.store.append([Entry(body, **named) for body in bodies])  # type: ignore[return-value]

    def subscribe(self, position: int = 0) -> None:
        bench = self

        class Subscriber:
            def came(self, batch: Any) -> None:
                bench.came += batch.messages

            def missed(self, count: int) -> None:
                bench.missed_count += count

            def cut_off(self, reason: str) -> None:
                bench.came.append(reason)

        self.subscription = self.channel.subscribe(Subscriber(), position)
        self.subscription.resume()

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.came]


@pytest.fixture
def until() -> Callable[..., Any]:
    """``await until(lambda: …)``: it holds."""

    async def until(condition: Callable[[], object]) -> None:
        end = reactor.seconds() + PATIENCE
        while not condition():
            assert reactor.seconds() < end, "it did not happen"
            await deferLater(reactor, 0.01)

    return until


@pytest.fixture
def opened_channel() -> Callable[..., Any]:
    """``async with opened_channel(*urls, …) as bench``."""

    @asynccontextmanager
    async def opened(*urls: str, stream: str = "readings", settings: Any = None, **named: Any) -> Any:
        connection = NATSConnection(NATSSettings(urls, **(settings or {})), reactor)
        store = NATSStore(connection, stream, reactor=reactor, **named)
        channel = Channel(stream, store, clock=reactor, settings=Settings())
        await channel.open()
        try:
            yield Bench(channel, store)
        finally:
            await channel.close()

    return opened


@pytest.fixture
def server(nats_server_class: Any, free_port: Callable[[], int], tmp_path: Any) -> Iterator[Any]:
    """One that runs, and that the test may kill."""
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    server = nats_server_class(tmp_path / "jetstream", free_port())
    server.start()
    yield server
    server.kill()


class Log:
    """What was logged, as text."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: Any) -> None:
        if event["log_level"] in (LogLevel.info, LogLevel.warn) and event["log_namespace"] == "polyport":
            self.lines.append(formatEvent(event))


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Lines of the log, of level info and warning."""
    log = Log()
    globalLogPublisher.addObserver(log)
    yield log.lines
    globalLogPublisher.removeObserver(log)
