from __future__ import annotations

from collections.abc import Iterator

import pytest
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
