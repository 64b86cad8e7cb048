"""What of the log is written."""

from __future__ import annotations

import io
import json

import pytest
from twisted.logger import Logger, LogLevel

from protocols.daemon.log import LEVELS, Threshold, observer


class Writing:
    """A logger whose events an observer of ours writes."""

    def __init__(self, style: str = "text", level: str = "info") -> None:
        self.file = io.StringIO()
        self.log = Logger("polyport", observer=observer(style, Threshold(level), self.file))

    @property
    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


@pytest.mark.parametrize("level", LEVELS)
def test_levels(level):
    writing = Writing("json", level)
    for name in LEVELS:
        writing.log.emit(LogLevel.levelWithName(name), "text")
    assert [json.loads(line)["level"] for line in writing.lines] == list(LEVELS[LEVELS.index(level) :])


NOISE = (
    "Unable to write to plugin cache /site-packages/twisted/plugins/dropin.cache: error number 13",
    "StreamFactory starting on 7000",
    "TLSFactory (TLS) starting on 7443",
    "(UNIX Port '/run/polyport.sock' Closed)",
    "(TCP Port 7000 Closed)",
)


@pytest.mark.parametrize("text", NOISE)
def test_noise_of_twisted_is_left_out(text):
    writing = Writing()
    twisted = Logger("log_legacy", observer=writing.log.observer)
    twisted.info("{text}", text=text)
    assert writing.lines == []
    twisted.error("{text}", text=text)
    writing.log.info("{text}", text=text)
    assert len(writing.lines) == 2


def test_what_is_no_noise_is_kept():
    writing = Writing()
    Logger("log_legacy", observer=writing.log.observer).info("starting up on time")
    assert len(writing.lines) == 1
