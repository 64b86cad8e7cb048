"""The control socket: how it is made, who may use it, and its end."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.logger import LogLevel, globalLogPublisher

from protocols import __version__
from protocols.daemon.control import control_socket as module
from protocols.daemon.control.control_socket import ControlSocket, bind_control
from protocols.daemon.control.link import Link, LinkClosedError
from protocols.daemon.control.operations import nobody
from protocols.daemon.sockets import BindError
from protocols.daemon.spec.address import Address


@pytest.fixture
def logged():
    events: list[Any] = []
    globalLogPublisher.addObserver(events.append)
    yield lambda level: [e["log_format"] for e in events if e["log_level"] is level]
    globalLogPublisher.removeObserver(events.append)


@pytest.fixture
def control(runtime_folder, operations):
    """A control socket that answers."""
    bound = bind_control(Path("polyport.yaml"), "auto")
    assert bound is not None
    made = ControlSocket(bound, Path("polyport.yaml"), lambda: operations, reactor)
    made.start()
    yield made
    made.stop()


def connected(control: ControlSocket) -> Deferred[Link]:
    return connectProtocol(UNIXClientEndpoint(reactor, control.bound.address.path), Link())


# How it is made


def test_it_is_for_the_user_of_the_daemon_only(runtime_folder):
    umask = os.umask(0)
    try:
        bound = bind_control(Path("polyport.yaml"), "auto")
    finally:
        os.umask(umask)
    assert bound is not None
    path = Path(bound.address.path)
    assert path.parent == runtime_folder
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    bound.close()
    assert not path.exists()


def test_one_that_is_left_behind_is_replaced(runtime_folder):
    bound = bind_control(Path("polyport.yaml"), "auto")
    assert bound is not None
    bound.socket.close()
    again = bind_control(Path("polyport.yaml"), "auto")
    assert again is not None
    again.close()


def test_one_that_is_in_use_is_left_alone(runtime_folder, logged):
    bound = bind_control(Path("polyport.yaml"), "auto")
    assert bound is not None
    assert bind_control(Path("polyport.yaml"), "auto") is None
    assert any("no control socket" in line for line in logged(LogLevel.warn))
    address = Address("unix", path=bound.address.path)
    with pytest.raises(BindError, match="another process listens there"):
        bind_control(Path("polyport.yaml"), address)
    assert Path(bound.address.path).exists()
    bound.close()


def test_a_place_that_is_named(runtime_folder):
    address = Address("unix", path=str(runtime_folder / "mine.sock"))
    bound = bind_control(Path("polyport.yaml"), address)
    assert bound is not None
    assert bound.address == address
    assert stat.S_IMODE(Path(address.path).stat().st_mode) == 0o600
    bound.close()
    with pytest.raises(BindError, match="No such file"):
        bind_control(Path("polyport.yaml"), Address("unix", path="/nowhere/mine.sock"))


def test_none(runtime_folder, monkeypatch, logged):
    assert bind_control(Path("polyport.yaml"), "off") is None
    assert logged(LogLevel.info) == []
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    assert bind_control(Path("polyport.yaml"), "auto", {}) is None
    (line,) = logged(LogLevel.info)
    assert line.startswith("no control socket")


# Who may use it


@pytest_twisted.ensureDeferred
async def test_it_says_whose_it_is(control, runtime_folder):
    link = await connected(control)
    config = str(runtime_folder / "polyport.yaml")
    assert await link.call("hello") == {"version": __version__, "pid": os.getpid(), "config": config}
    link.close()
    await link.when_closed()


@pytest_twisted.ensureDeferred
async def test_another_user_is_turned_away(control, monkeypatch, logged):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(module, "ROOT", -1)
    link = await connected(control)
    with pytest.raises(LinkClosedError):
        await link.call("hello")
    assert any("may not ask" in line for line in logged(LogLevel.warn))


@pytest_twisted.ensureDeferred
async def test_so_many_at_a_time(control, monkeypatch):
    monkeypatch.setattr(module, "LINKS", 1)
    first = await connected(control)
    await first.call("hello")
    second = await connected(control)
    with pytest.raises(LinkClosedError):
        await second.call("hello")
    first.close()
    await first.when_closed()
    third = await connected(control)
    while not await third.call("hello").addErrback(lambda _: None):
        third = await connected(control)
    third.abort()


@pytest_twisted.ensureDeferred
async def test_nobody_answers_before_the_daemon_runs(control, monkeypatch):
    monkeypatch.setattr(control, "_ask", nobody)
    link = await connected(control)
    with pytest.raises(LinkClosedError):
        await link.call("hello")


# Its end


@pytest_twisted.ensureDeferred
async def test_the_end(control, operations):
    path = Path(control.bound.address.path)
    link = await connected(control)
    ended: Deferred[Any] = Deferred()
    link.follow("tap", lambda item: None, ended.callback, service="shop")
    await link.call("hello")
    assert operations.taps == 1
    await control.stop()
    assert not path.exists()
    assert isinstance(await ended, LinkClosedError)
    assert operations.taps == 0
    with pytest.raises(FileNotFoundError), socket.socket(socket.AF_UNIX) as late:
        late.connect(str(path))


@pytest_twisted.ensureDeferred
async def test_the_end_does_not_wait_for_who_does_not_read(control, operations, monkeypatch):
    monkeypatch.setattr(module, "CLOSING", 0.01)
    operations.told = operations.told.model_copy(update={"config": "x" * 5_000_000})
    link = await connected(control)
    await link.call("hello")
    answer = link.call("status")
    link.transport.pauseProducing()
    while len(operations.asked) < 1:
        other = await connected(control)
        await other.call("hello")
        other.abort()
    await control.stop()
    link.transport.resumeProducing()
    with pytest.raises(LinkClosedError):
        await answer
