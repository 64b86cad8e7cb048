"""A daemon that says of itself whatever a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from protocols.channels.message import Message
from protocols.daemon.control.channel_messages import Page, StoredMessage
from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import (
    CertificateStatus,
    ConnectionStatus,
    Frame,
    Latency,
    Outcome,
    PenaltyStatus,
    ReloadStatus,
    ServiceStatus,
    Status,
    WorkerStatus,
)

NOW = 1_800_000_000.0
"""The time by the clock on the wall."""


def a_service(name: str = "shout", **given: Any) -> ServiceStatus:
    standard = {"answers": "function shop:shout", "addresses": ("tcp://127.0.0.1:7000",)}
    return ServiceStatus(name=name, **{**standard, **given})


def a_worker(index: int = 0, **given: Any) -> WorkerStatus:
    return WorkerStatus(**{"index": index, "pid": 100 + index, "started": NOW - 7200, **given})


def a_status(*services: ServiceStatus, **given: Any) -> Status:
    standard = {
        "version": "0.1.0",
        "pid": 99,
        "started": NOW - 90_000,
        "config": "polyport.yaml",
        "workers": (a_worker(),),
        "services": services,
    }
    return Status(**{**standard, **given})


def a_connection(id: str = "0-1", **given: Any) -> ConnectionStatus:
    standard = {"service": "shout", "worker": 0, "peer": "192.0.2.7:4321", "transport": "tcp"}
    return ConnectionStatus(id=id, **{**standard, "opened": NOW - 60, **given})


def a_frame(text: str = "hello", **given: Any) -> Frame:
    standard = {"service": "shout", "at": NOW, "peer": "192.0.2.7:4321", "direction": "in"}
    return Frame(text=text, **{**standard, "size": len(text), **given})


def a_channel(name: str = "readings", **given: Any) -> ChannelStatus:
    return ChannelStatus(**{"name": name, "store": "sqlite", **given})


def a_message(seq: int, body: bytes = b"hello", **given: Any) -> StoredMessage:
    return StoredMessage.of(Message(seq, int(NOW * 1000) + seq, body, **given))


class FakeChannels:
    """Has the messages that the test puts here, in whatever channel."""

    def __init__(self) -> None:
        self.messages: list[StoredMessage] | Exception = []

    def position(self, channel: str, since: str) -> Deferred[int]:
        known = self.messages
        return fail(known) if isinstance(known, Exception) else succeed(len(known))

    def page(self, channel: str, after: int, most: int = 0, key: str = "", wait: float = 0) -> Deferred[Page]:
        assert isinstance(self.messages, list)
        found = tuple(self.messages[after : after + most])
        last = len(self.messages)
        return succeed(Page(messages=found, position=after + len(found), first=1, last=last))


class FakeOperations:
    """Answers at once, with what the test puts here; and notes what it was asked to do."""

    def __init__(self) -> None:
        self.channels = FakeChannels()
        self.now: Status | Exception = a_status(a_service())
        self.open: list[ConnectionStatus] | Exception = []
        self.shut_out: list[PenaltyStatus] = []
        self.outcome: Deferred[Outcome] | Exception | None = None
        self.asked: list[tuple[str, ...]] = []
        self.taps: dict[str, Callable[[Frame], None]] = {}

    def status(self) -> Deferred[Status]:
        return self._said(self.now, "status")

    def connections(self, service: str | None = None) -> Deferred[list[ConnectionStatus]]:
        return self._said(self.open, "connections", service)

    def penalties(self) -> Deferred[list[PenaltyStatus]]:
        return self._said(self.shut_out, "penalties")

    def tap(self, service: str, heard: Callable[[Frame], None]) -> Callable[[], None]:
        if service == "closed":
            raise OperationError("closed cannot be tapped")
        self.taps[service] = heard
        return lambda: self.taps.pop(service) and None

    def reload(self) -> Deferred[Outcome]:
        return self._done("reload")

    def drain(self, service: str) -> Deferred[Outcome]:
        return self._done("drain", service)

    def kill(self, connection: str) -> Deferred[Outcome]:
        return self._done("kill", connection)

    def forgive(self, source: str) -> Deferred[Outcome]:
        return self._done("forgive", source)

    def upgrade(self) -> Deferred[Outcome]:
        return self._done("upgrade")

    def log_level(self, level: str) -> Deferred[Outcome]:
        return self._done("log_level", level)

    def _said(self, answer: Any, *asked: Any) -> Deferred[Any]:
        self.asked.append(asked)
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, Exception) else succeed(answer)

    def _done(self, *asked: str) -> Deferred[Outcome]:
        return self._said(self.outcome or Outcome(done=True, text=f"{asked[0]} is done"), *asked)


class Made:
    """What daemons say, as a test wants it."""

    now = NOW
    service = staticmethod(a_service)
    worker = staticmethod(a_worker)
    status = staticmethod(a_status)
    connection = staticmethod(a_connection)
    frame = staticmethod(a_frame)
    channel = staticmethod(a_channel)
    message = staticmethod(a_message)
    group = GroupStatus
    forward = ForwardStatus
    outcome = Outcome
    certificate = CertificateStatus
    penalty = PenaltyStatus
    reloads = ReloadStatus
    latency = Latency


@pytest.fixture
def made() -> type[Made]:
    return Made


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()
