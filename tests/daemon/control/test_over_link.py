"""Operations at the other end of a link: everything comes through, as values."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from protocols.daemon.control.link import linked
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations, served
from protocols.daemon.control.status import ConnectionStatus, Frame, Outcome, PenaltyStatus

CONNECTION = ConnectionStatus(
    id="0-1", service="shop", worker=0, peer="tcp://192.0.2.1:5", transport="tcp", opened=1.5
)
PENALTY = PenaltyStatus(source="192.0.2.1", score=17.5, until=9.0)


def frame(size: int, missed: int = 0) -> Frame:
    return Frame(
        service="shop", at=1.0, peer="tcp://192.0.2.1:5", direction="in", size=size, text="x", missed=missed
    )


@pytest.fixture
def ends(operations):
    one, other = socket.socketpair()
    links = linked(one, None, reactor), linked(other, served(operations), reactor)
    yield links
    for link in links:
        link.abort()


@pytest.fixture
def remote(ends):
    return RemoteOperations(ends[0])


@pytest_twisted.ensureDeferred
async def test_everything_comes_through(remote, operations):
    operations.open, operations.shut_out = [CONNECTION], [PENALTY]
    operations.outcome = Outcome(done=False, text="no", problems=("a", "b"))
    assert await remote.status() == operations.told
    assert await remote.connections() == [CONNECTION]
    assert await remote.connections("shop") == [CONNECTION]
    assert await remote.penalties() == [PENALTY]
    for asked in (
        remote.reload(),
        remote.upgrade(),
        remote.drain("shop"),
        remote.kill("0-1"),
        remote.forgive("*"),
        remote.log_level("debug"),
    ):
        assert await asked == operations.outcome
    assert operations.asked == [
        ("status",),
        ("connections", "None"),
        ("connections", "shop"),
        ("penalties",),
        ("reload",),
        ("upgrade",),
        ("drain", "shop"),
        ("kill", "0-1"),
        ("forgive", "*"),
        ("log_level", "debug"),
    ]


@pytest_twisted.ensureDeferred
async def test_arguments_are_texts(ends, operations):
    for do, arguments in (
        ("drain", {"service": 7}),
        ("kill", {"connection": ["0-1"]}),
        ("tap", {"service": {}}),
    ):
        with pytest.raises(OperationError, match="a text is expected"):
            await ends[0].call(do, **arguments)
    with pytest.raises(OperationError, match="missing a required argument"):
        await ends[0].call("drain")
    assert operations.asked == []


@pytest_twisted.ensureDeferred
async def test_frames_come_until_nobody_wants_them(remote, operations):
    operations.frames = [frame(1), frame(2)]
    heard: list[Any] = []
    second: Deferred[None] = Deferred()

    def hear(one: Frame) -> None:
        heard.append(one)
        if len(heard) == 2:
            second.callback(None)

    stop = remote.tap("shop", hear)
    await second
    assert heard == operations.frames
    stop()
    await remote.status()
    assert operations.taps == 0


@pytest_twisted.ensureDeferred
async def test_a_tap_that_makes_no_sense(remote):
    ended: Deferred[Any] = Deferred()
    remote.tap("nothing", lambda one: None, ended.callback)
    assert str(await ended) == "no service nothing"


@pytest_twisted.ensureDeferred
async def test_frames_that_a_slow_reader_misses_are_counted(remote, operations):
    operations.frames = [frame(number, missed=1) for number in range(5000)]
    heard: list[Frame] = []
    remote.tap("shop", heard.append)
    await remote.status()
    told = len(heard)
    assert 0 < told < 5000
    operations.frames = [frame(7)]
    late: Deferred[Frame] = Deferred()
    remote.tap("shop", late.callback)
    assert (await late).missed == 0, "it has missed nothing itself"
    assert [one.missed for one in heard] == [1] * told
