"""Which signal does what."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from protocols.daemon.signals import act_on_signals

TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)


@pytest.fixture
def heard(clock, monkeypatch):
    """What is asked for by each signal, once the reactor gets round."""
    before = {number: signal.getsignal(number) for number in TAKEN}
    acts: list[tuple[str, str]] = []

    def begin(*, terminal: bool) -> list[tuple[str, str]]:
        stdin = io.StringIO()
        monkeypatch.setattr(stdin, "isatty", lambda: terminal, raising=False)
        monkeypatch.setattr(sys, "stdin", stdin)
        act_on_signals(
            clock,
            stop=lambda name: acts.append(("stop", name)),
            reload=lambda name: acts.append(("reload", name)),
            upgrade=lambda name: acts.append(("upgrade", name)),
        )
        return acts

    yield begin
    for number, handler in before.items():
        signal.signal(number, handler)


def send(clock, number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    clock.turn()


def test_each_is_acted_on_in_the_reactor(heard, clock):
    acts = heard(terminal=False)
    for number in TAKEN:
        send(clock, number)
    assert acts == [("stop", "SIGTERM"), ("stop", "SIGINT"), ("reload", "SIGHUP"), ("upgrade", "SIGUSR2")]


def test_a_terminal_that_is_gone_stops(heard, clock):
    acts = heard(terminal=True)
    send(clock, signal.SIGHUP)
    assert acts == [("stop", "SIGHUP")]
