"""Signs of life."""

from __future__ import annotations

import os

import pytest
from twisted.internet.task import Clock

from protocols.daemon.systemd import Watchdog, inherit_watchdog, watchdog_period


@pytest.mark.parametrize("process", [{}, {"WATCHDOG_PID": ""}, {"WATCHDOG_PID": str(os.getpid())}])
def test_the_period(process):
    assert watchdog_period({"WATCHDOG_USEC": "30000000", **process}) == 30.0


@pytest.mark.parametrize(
    "environment",
    [
        {},
        *({"WATCHDOG_USEC": value} for value in ("", "0", "-1", "1.5", "²", "soon")),
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
    ],
)
def test_nobody_watches_this_process(environment):
    assert watchdog_period(environment) is None


def test_who_takes_over_is_watched():
    environment = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
    inherit_watchdog(environment)
    inherit_watchdog(environment)
    assert watchdog_period(environment) == 30.0


class Setting:
    def __init__(self, period: float | None) -> None:
        self.clock = Clock()
        self.signs: list[float] = []
        self.watchdog = Watchdog(lambda: self.signs.append(self.clock.seconds()), self.clock, period)


def test_a_sign_at_once_and_in_every_half_of_the_period():
    setting = Setting(10.0)
    setting.watchdog.start()
    setting.watchdog.start()
    setting.clock.pump([1.0] * 11)
    assert setting.signs == [0.0, 5.0, 10.0]
    setting.watchdog.stop()
    setting.watchdog.stop()
    setting.clock.pump([1.0] * 11)
    assert setting.signs == [0.0, 5.0, 10.0]
    assert setting.clock.getDelayedCalls() == []


def test_nobody_wants_to_know():
    setting = Setting(None)
    setting.watchdog.start()
    assert setting.signs == []
    assert setting.clock.getDelayedCalls() == []
