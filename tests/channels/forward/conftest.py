"""A channel in memory, what forwards need around it, and servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from protocols.channels.channel import Channel
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry

WAIT = 20.0
"""Seconds to wait for what must happen; only a test that fails takes them."""


def _now() -> float:
    return 1_700_000_000.0


class Post:
    """Channels on `reactor`, and what is published in them."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.log = MemoryLog()
        self.channel = self.make("readings", self.log)
        self.dead = self.make("readings-dead", MemoryLog())

    def make(self, name: str, log: MemoryLog) -> Channel:
        channel = Channel(name, MemoryStore(log, now=self.now), clock=self.reactor, now=self.now)
        channel.open()
        return channel

    def now(self) -> float:
        return _now() + float(self.reactor.seconds())

    def publish(self, *bodies: bytes, **named: Any) -> None:
        self.channel.publish([Entry(body, **named) for body in bodies])

    @property
    def letters(self) -> Sequence[tuple[bytes, dict[str, str]]]:
        """What is in the channel of dead letters: bodies, and what is said of them."""
        return [(each.body, dict(each.headers)) for each in self.dead.tail.after(0, 1000) or ()]

    def close(self) -> None:
        self.channel.close()
        self.dead.close()


@pytest.fixture
def real_post() -> Iterator[Post]:
    """On the real reactor."""
    from twisted.internet import reactor

    post = Post(reactor)
    yield post
    post.close()


@pytest.fixture
def post(clock: Any) -> Iterator[Post]:
    """On a clock."""
    post = Post(clock)
    yield post
    post.close()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Any]:
    """``await until(condition)``: once it holds."""
    from twisted.internet import reactor

    async def until(condition: Callable[[], object]) -> None:
        end = reactor.seconds() + WAIT
        while not condition():
            assert reactor.seconds() < end, "it has not happened"
            await deferLater(reactor, 0.002)

    return until


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the log says, from info on."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event["log_level"] in (LogLevel.info, LogLevel.warn) and event["log_namespace"] == "polyport":
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def failures_told(failures: Any) -> Iterator[list[str]]:
    """What the log says of errors, which are expected."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event["log_level"] is LogLevel.error:
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)
    failures.events.clear()
