"""What the operator hears of a target that does not answer."""

from __future__ import annotations

import pytest
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from protocols.handlers.forward.outage import Outage


@pytest.fixture
def said():
    """What is logged above debug."""
    lines = []

    def observe(event):
        if event["log_level"] > LogLevel.debug:
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def test_once_and_once_a_minute_while_it_lasts_and_of_its_return(said):
    outage = Outage("db", "tcp://127.0.0.1:1")
    outage.succeeded()
    for now in range(0, 130, 10):
        outage.failed("connection refused", float(now))
    outage.succeeded()
    outage.succeeded()
    for now in range(131, 190):
        outage.failed("timed out", float(now))
        outage.succeeded()
    assert said == [
        "db: cannot forward to tcp://127.0.0.1:1: connection refused",
        "db: cannot forward to tcp://127.0.0.1:1: connection refused (7 failures in a row)",
        "db: cannot forward to tcp://127.0.0.1:1: connection refused (13 failures in a row)",
        "db: tcp://127.0.0.1:1 can be forwarded to again (failures: 13)",
        "db: cannot forward to tcp://127.0.0.1:1: timed out",
        "db: tcp://127.0.0.1:1 can be forwarded to again (failures: 1)",
    ]
