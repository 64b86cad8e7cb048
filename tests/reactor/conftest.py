"""Programs in a process of their own, the reactor where it is ours, and connections without a kernel."""

from __future__ import annotations

import errno
import inspect
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from protocols.reactor.reactor import Reactor
from protocols.reactor.write_through import Server

ROOT = Path(__file__).parent.parent.parent

HANG = 30
"""Seconds after which a program that stands still ends, and says where it stood."""

START = f"""
import faulthandler
faulthandler.dump_traceback_later({HANG}, exit=True)
"""

INSTALL = """
import protocols.reactor
protocols.reactor.install()
"""


@pytest.fixture(scope="session")
def checkout() -> dict[str, str]:
    """The environment of a process that imports the packages of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def in_child(checkout: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a function in a process of its own, which must end well and say nothing on standard error.

    Only its source goes there, so it imports what it needs.  The reactor is installed unless `install` is
    false.
    """

    def in_child(
        function: Callable[..., Any], *arguments: Any, install: bool = True
    ) -> subprocess.CompletedProcess[str]:
        call = f"{function.__name__}(*{arguments!r})"
        source = "\n".join([START, INSTALL * install, dedent(inspect.getsource(function)), call])
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source],
            cwd=tmp_path,
            env=checkout,
            capture_output=True,
            text=True,
            timeout=2 * HANG,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done

    return in_child


@pytest.fixture
def our_reactor() -> Reactor:
    """The running reactor, for tests of what only ours does."""
    from twisted.internet import reactor

    if not isinstance(reactor, Reactor):
        pytest.skip("the tests run on another reactor")
    return reactor


PLENTY = 10**9
"""More bytes than any test writes."""


class FakeSocket:
    """A socket with room for so many bytes, which notes each ``send``."""

    def __init__(self) -> None:
        self.room = PLENTY
        self.sent: list[bytes] = []
        self.send_errors: deque[OSError] = deque()
        self.incoming: deque[bytes | OSError] = deque()
        self.events: list[Any] = []

    def setblocking(self, flag: bool) -> None:
        assert flag is False

    def fileno(self) -> int:
        return 7

    def send(self, data: bytes) -> int:
        if self.send_errors:
            raise self.send_errors.popleft()
        if not data:
            return 0
        if not self.room:
            raise BlockingIOError(errno.EAGAIN, "full")
        self.sent.append(bytes(data[: self.room]))
        self.room -= len(self.sent[-1])
        return len(self.sent[-1])

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError(errno.EAGAIN, "nothing")
        came = self.incoming.popleft()
        if isinstance(came, OSError):
            raise came
        return came

    def shutdown(self, how: int) -> None:
        self.events.append(("shutdown", how))

    def close(self) -> None:
        self.events.append("close")

    def setsockopt(self, *option: Any) -> None:
        self.events.append(option[:2])


class FakeReactor(_DisconnectSelectableMixin, Clock):
    """Notes who wants to read and to write."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard


class Recorder(Protocol):
    """Notes what it hears, and does what the test says with data."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.lost: list[Failure] = []
        self.on_data: Callable[[Any], object] = lambda transport: None

    def dataReceived(self, data: bytes) -> None:
        self.data.append(data)
        self.on_data(self.transport)

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason)


class Connection:
    """A transport, what is above and below it, and the reactor's part."""

    def __init__(self, protocol: Recorder) -> None:
        self.reactor = FakeReactor()
        self.socket = FakeSocket()
        self.protocol = protocol
        server = SimpleNamespace(_realPortNumber=1)
        self.transport = Server(self.socket, protocol, ("192.0.2.1", 2), server, 0, self.reactor)
        protocol.makeConnection(self.transport)

    def read(self, came: bytes | OSError, on_data: Callable[[Any], object] | None = None) -> None:
        """Let the reactor read `came`, of which the protocol makes `on_data`."""
        self.socket.incoming.append(came)
        if on_data is not None:
            self.protocol.on_data = on_data
        try:
            end: Any = self.transport.doRead()
        except AssertionError:
            raise  # the test's
        except Exception as error:  # noqa: BLE001 - as the reactor does
            end = error
        if end:
            self.reactor._disconnectSelectable(self.transport, end, True)

    def drain(self, room: int = PLENTY) -> None:
        """Let the reactor write for as long as the transport wants to; the kernel takes `room` at a time."""
        while self.writing:
            self.socket.room = room
            end = self.transport.doWrite()
            if end:
                self.reactor._disconnectSelectable(self.transport, end, False)

    @property
    def writing(self) -> bool:
        """Whether the reactor is to say when there is room."""
        return self.transport in self.reactor.writers

    @property
    def sent(self) -> bytes:
        return b"".join(self.socket.sent)

    @property
    def end(self) -> type[BaseException]:
        """Why the connection was lost, which it was once."""
        (reason,) = self.protocol.lost
        assert reason.type is not None
        return reason.type


@pytest.fixture(scope="session")
def recorder() -> type[Recorder]:
    """A protocol that notes what it hears."""
    return Recorder


@pytest.fixture(scope="session")
def connect() -> Callable[[Recorder], Connection]:
    """Make a connection for a protocol."""
    return Connection


@pytest.fixture
def connection() -> Connection:
    """A connection whose protocol notes what it hears."""
    return Connection(Recorder())
