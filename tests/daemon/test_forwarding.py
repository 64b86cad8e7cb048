"""From the specification of a forward to what passes on."""

from __future__ import annotations

import pytest

from protocols.daemon.assembly import Setting, assemble
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.handlers.forward import DirectForward, StreamForward
from protocols.handover import HandOverFactory


@pytest.fixture
def made(written, clock):
    """What passes on for a service of these settings."""
    assembled = []

    def make(forward, more=""):
        file = written(
            f"services:\n  one:\n    listen: tcp://127.0.0.1:0\n    forward: {forward}\n    {more}\n"
        )
        [carriers] = assemble(load(file, importer(file.parent)), Setting(clock)).values()
        assembled.append(carriers)
        if isinstance(carriers.stream, HandOverFactory):
            return carriers.stream.taker
        return carriers.stream.handler

    yield make
    for carriers in assembled:
        for stop in carriers.stops:
            stop()
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("forward", "more"),
    [
        ("unix:here", ""),
        ("tcp://127.0.0.1:1", "limits: {idle: 1m, first_byte: 1m, connections: 5}"),
        ("{to: tcp://127.0.0.1:1, send_proxy: v2}", "framing: raw"),
        ("[tcp://127.0.0.1:1, unix:here]", "log: 'off'"),
    ],
)
def test_the_kernel_moves_what_nobody_looks_at(made, forward, more):
    assert isinstance(made(forward, more), DirectForward)


@pytest.mark.parametrize(
    ("forward", "more"),
    [
        ("tls://127.0.0.1:1", ""),
        ("[tcp://127.0.0.1:1, tls://127.0.0.1:1]", ""),
        ("tcp://127.0.0.1:1", "framing: lines"),
        ("tcp://127.0.0.1:1", "accept_proxy: 10.0.0.0/8"),
        ("tcp://127.0.0.1:1", "log: text"),
        ("tcp://127.0.0.1:1", "limits: {byte_rate: 1GiB}"),
        ("tcp://127.0.0.1:1", "limits: {output: 1MiB}"),
    ],
)
def test_python_moves_the_rest(made, forward, more):
    assert isinstance(made(forward, more), StreamForward)


@pytest.mark.parametrize("more", ["", "log: text"])
def test_what_is_said_of_several_targets_is_done(made, more):
    passing = made(
        "{to: [tcp://127.0.0.1:1, unix:here], balance: least-connections, retry: 1, connect: 3s,"
        " check: {rise: 5, fall: 7}}",
        more,
    )
    assert (passing.retry, passing.timeout, passing.balance.method) == (1, 3.0, "least-connections")
    healths = [backend.health for backend in passing.balance.backends]
    assert [(health.rise, health.fall) for health in healths] == [(5, 7), (5, 7)]


@pytest.mark.parametrize(
    ("forward", "tried"),
    [
        ("tcp://127.0.0.1:1", 0),
        ("{to: tcp://127.0.0.1:1, check: {}}", 1),
        ("[tcp://127.0.0.1:1, unix:here]", 1),
    ],
)
def test_who_is_tried_from_time_to_time(made, clock, forward, tried):
    made(forward)
    assert len(clock.getDelayedCalls()) == tried
