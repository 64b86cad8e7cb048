"""A program without a process."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from protocols.handlers.program.shared import SharedProgram
from protocols.handlers.program.shared.lines import LineWire
from protocols.session import Peer


class FakeStdin:
    """Takes what is written, while `room` is left."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.writes: list[bytes] = []
        self.blocks = False
        self.changed_at = 0.0
        self.closed = False
        self.waiting: Deferred[None] | None = None

    def write(self, data: bytes) -> Deferred[None] | None:
        if self.closed:
            raise BrokenPipeError
        self.writes.append(data)
        if not self.blocks:
            self.changed_at = self.clock.seconds()
            return None
        self.waiting = Deferred()
        return self.waiting

    def reads(self) -> None:
        """The program reads what waits."""
        self.blocks = False
        self.changed_at = self.clock.seconds()
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.callback(None)

    def close(self) -> None:
        self.closed = True
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.errback(BrokenPipeError())


class FakeStdout:
    def __init__(self) -> None:
        self.waiting: Deferred[bytes | None] = Deferred()

    def read(self) -> Deferred[bytes | None]:
        self.waiting = Deferred()
        return self.waiting


class FakeProcess:
    def __init__(self, clock: Clock, pid: int) -> None:
        self.pid = pid
        self.started_at = clock.seconds()
        self.stdin = FakeStdin(clock)
        self.stdout = FakeStdout()
        self.on_over: list[Callable[[Any], None]] = []
        self.exited = self.ending = False
        self.status: int | None = None

    @property
    def told(self) -> list[str]:
        """The lines it has read since this was asked last."""
        said = b"".join(self.stdin.writes).decode()
        self.stdin.writes.clear()
        return said.splitlines()

    def says(self, data: bytes) -> None:
        self.stdout.waiting.callback(data)

    def end(self) -> None:
        self.ending = True
        self.stdin.close()

    def dies(self, status: int = 1) -> None:
        self.exited, self.status = True, status
        self.stdin.close()
        if not self.stdout.waiting.called:
            self.stdout.waiting.callback(None)
        for call in self.on_over:
            call(self)


class FakeRunner:
    service = "service"

    def __init__(self, clock: Clock) -> None:
        self.reactor = clock
        self.processes: list[FakeProcess] = []
        self.coming: list[Deferred[Any]] = []
        self.fails: Exception | None = None
        self.slow = False
        self.stopped = False

    def take_turn(self) -> bool:
        return True

    def start(self, command: Any, name: str) -> Deferred[Any]:
        coming: Deferred[Any] = Deferred()
        self.coming.append(coming)
        if not self.slow:
            self.go_on()
        return coming

    def go_on(self) -> None:
        coming = self.coming.pop()
        if self.fails is not None:
            coming.errback(self.fails)
            return
        process = FakeProcess(self.reactor, len(self.processes) + 1)
        self.processes.append(process)
        coming.callback(process)

    def stop(self) -> Deferred[None]:
        self.stopped = True
        return succeed(None)

    @property
    def process(self) -> FakeProcess:
        """The newest."""
        return self.processes[-1]


class FakeConnection:
    """A stream that carries no LF."""

    def __init__(self, host: str = "h") -> None:
        self.peer = Peer("tcp", host, 1)
        self.heard: list[str] = []
        self.paused = self.closed = False

    def send(self, message: bytes) -> None:
        if b"\n" in message:
            raise ValueError("no line")
        self.heard.append(message.decode())

    def send_many(self, messages: Any) -> None:
        if any(b"\n" in message for message in messages):
            raise ValueError("no line")
        self.heard.append("|".join(message.decode() for message in messages))

    def finish(self) -> None:
        """It has two directions."""

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runner(clock):
    return FakeRunner(clock)


@pytest.fixture
def make(runner):
    """A program that has begun."""

    def make(**settings: Any) -> SharedProgram:
        invocation: Any = SimpleNamespace(label="chat", alone=lambda: None)
        program = SharedProgram(invocation, runner, LineWire(), **settings)
        program.begun = program.begin()  # type: ignore[attr-defined]
        return program

    return make


@pytest.fixture
def connect():
    """A client of a program: its session and its connection."""

    def connect(program: Any, host: str = "h") -> Any:
        connection = FakeConnection(host)
        session = program.open(connection)
        session.started()
        return session, connection

    return connect
