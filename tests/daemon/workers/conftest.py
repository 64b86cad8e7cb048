"""Processes that are none: a test says what they answer, and when they end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from protocols.daemon.control.link import LinkClosedError


class FakeLink:
    """Answers with what a test has prepared in `answers`, else with nothing."""

    def __init__(self, process: FakeProcess) -> None:
        self._process = process
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def call(self, do: str, descriptors: Any = (), **arguments: Any) -> Deferred[Any]:
        if self._process.status is not None:
            return fail(LinkClosedError("the other end is gone"))
        self.calls.append((do, arguments))
        answer = self.answers.get(do)
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, Exception) else succeed(answer)

    def asked(self, do: str) -> int:
        return sum(called == do for called, _ in self.calls)


class FakeProcess:
    """A process that serves."""

    def __init__(self, pid: int, methods: Any) -> None:
        self.pid = pid
        self.methods = methods
        self.status: str | None = None
        self.signals: list[signal.Signals] = []
        self.link = FakeLink(self)
        self._waiting: list[Deferred[str]] = []

    def is_ready(self) -> None:
        self.methods["ready"]()

    def ends(self, status: str = "ended by SIGSEGV") -> None:
        self.status = status
        waiting, self._waiting = self._waiting, []
        for ended in waiting:
            ended.callback(status)

    def when_ended(self) -> Deferred[str]:
        ended: Deferred[str] = Deferred()
        if self.status is None:
            self._waiting.append(ended)
        else:
            ended.callback(self.status)
        return ended

    def signal(self, number: signal.Signals) -> None:
        if self.status is None:
            self.signals.append(number)


class Processes:
    """Starts those that are none."""

    def __init__(self) -> None:
        self.started: list[FakeProcess] = []
        self.error: OSError | None = None

    def __call__(self, methods: Any) -> FakeProcess:
        if self.error is not None:
            raise self.error
        self.started.append(FakeProcess(1000 + len(self.started), methods))
        return self.started[-1]


@pytest.fixture
def processes() -> Processes:
    return Processes()


@pytest.fixture
def fake_process() -> Callable[..., FakeProcess]:
    return lambda pid=1: FakeProcess(pid, {})


@pytest.fixture
def time() -> Clock:
    return Clock()
