from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, globalLogPublisher


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The warnings of the log, in words."""
    lines: list[str] = []

    def observe(event) -> None:
        if event["log_level"] >= LogLevel.warn:
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


class Answers:
    """Answers of a function that come when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[bytes]] = []

    async def wait(self, message: bytes) -> bytes:
        self.waiting.append(Deferred())
        return await self.waiting[-1]


@pytest.fixture
def answers() -> Answers:
    return Answers()
