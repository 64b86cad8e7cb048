"""A status with something of everything in it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import (
    CertificateStatus,
    Latency,
    Outcome,
    ReloadStatus,
    ServiceStatus,
    Status,
    WorkerStatus,
)

EVERYTHING = Status(
    version="1.2.3",
    pid=10,
    started=1_000.0,
    config="/etc/polyport.yaml",
    workers=(
        WorkerStatus(index=0, pid=11, started=1_001.0, cpu=2.5, memory=4096, descriptors=20, lag=0.25),
        WorkerStatus(index=1, pid=12, started=1_002.0, restarts=3, memory=1, stalls=4),
        WorkerStatus(index=2, pid=13, started=1_003.0, state="silent", restarts=1),
    ),
    services=(
        ServiceStatus(
            name="lines",
            answers="function shop:price",
            addresses=("tcp://127.0.0.1:7000", "udp://127.0.0.1:7000"),
            open=5,
            retiring=2,
            pending=1,
            counts={
                "connections": 9,
                "refused": 8,
                "choked": 7,
                "framing_errors": 6,
                "failures": 4,
                "oversize": 3,
            },
            over={"per_source": 2, "penalty": 1},
            latency=Latency(bounds=(0.001, 0.1), numbers=(10, 5, 1), total=2.75),
        ),
        ServiceStatus(
            name="web",
            answers="http /, /metrics",
            addresses=("tls://127.0.0.1:8443",),
            state="draining",
            counts={"connections": 2, "denied": 1, "limited": 3, "late_handshakes": 1},
            certificates=(
                CertificateStatus(name="main", expires=5_000.0),
                CertificateStatus(name="main", expires=4_000.0),
                CertificateStatus(name='quoted "\\\n', expires=6_000.0),
            ),
        ),
    ),
    reloads=ReloadStatus(done=2, refused=1, last=Outcome(done=False, text="1 problem"), at=1_500.0),
    channels=(
        ChannelStatus(
            name="readings",
            store="sqlite",
            first=3,
            last=12,
            messages=10,
            octets=2048,
            oldest=1_100.0,
            newest=1_200.5,
            subscribers=4,
            letters=2,
            counts={"published": 12, "refused": 1, "delivered": 40, "acked": 8},
            groups=(GroupStatus(name="billing", position=9, lag=3, claimed=1, members=2),),
            forwards=(
                ForwardStatus(name="crm", to="https://crm.example", counts={"delivered": 7, "failed": 3}),
                ForwardStatus(name="mirror", failing_since=1_150.0, error="refused"),
            ),
        ),
        ChannelStatus(name="empty", store="nats", trouble="the store does not answer"),
    ),
)


@pytest.fixture
def everything() -> Status:
    return EVERYTHING


class FakeOperations:
    """Whom tests ask: answers with `status`, at once or when the test says so."""

    def __init__(self, status: Status = EVERYTHING) -> None:
        self.now: Status | Exception | None = status
        """The answer; ``None``: it comes later."""
        self.asked: list[Deferred[Any]] = []

    def __call__(self) -> FakeOperations:
        if isinstance(self.now, OperationError):
            raise self.now
        return self

    def status(self) -> Deferred[Status]:
        if isinstance(self.now, Exception):
            raise self.now
        answer: Deferred[Status] = Deferred() if self.now is None else succeed(self.now)
        self.asked.append(answer)
        return answer


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()
