# ruff: noqa: N802 - the names are Twisted's
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from io import BytesIO
from threading import Semaphore
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http import HTTPFactory, Limits, Route, function_route
from protocols.http.contract import METHODS
from protocols.http.server.negotiation import Negotiation
from protocols.journal import Journal


class ReactorClock(Clock):
    """A clock that can stand for a reactor: calls from threads are kept for the test to run."""

    def __init__(self) -> None:
        super().__init__()
        self._from_threads = Semaphore(0)

    def callFromThread(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.callLater(0, function, *arguments)
        self._from_threads.release()

    def wait_for_thread(self) -> None:
        """Wait for a call from a thread; the next turn runs it."""
        assert self._from_threads.acquire(timeout=20)


@implementer(IHalfCloseableDescriptor)
class Wire(StringTransport):
    """A transport that remembers how it was closed, and is full after `room` bytes."""

    half_closed = False
    aborted = False
    room: int | None = None
    protocol: Any = None

    def __init__(self, peer: Any = None) -> None:
        super().__init__(peerAddress=peer or IPv4Address("TCP", "192.0.2.7", 4321))

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.room is not None and len(self.value()) > self.room and self.producer is not None:
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseWriteConnection(self) -> None:
        self.half_closed = True
        if self.protocol is not None:
            self.protocol.writeConnectionLost()

    def readConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("not asked for")

    def writeConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("not asked for")

    def abortConnection(self) -> None:
        self.aborted = True


class _Bytes:
    def __init__(self, stream: BytesIO) -> None:
        self.stream = stream

    def makefile(self, mode: str) -> BytesIO:
        return self.stream


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes


def parse(data: bytes, method: str = "GET") -> list[Answer]:
    """Every response in `data`, which holds nothing else."""
    stream = BytesIO(data)
    stream.close = lambda: None  # type: ignore[method-assign]  # http.client closes what it has read
    answers = []
    while stream.tell() < len(data):
        response = HTTPResponse(_Bytes(stream), method=method)  # type: ignore[arg-type]
        response.begin()
        answers.append(Answer(response.status, response.headers, response.read()))
    return answers


@dataclass
class Client:
    """One connection to a factory, in memory."""

    factory: HTTPFactory
    clock: ReactorClock
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        protocol = self.factory.buildProtocol(None)
        assert protocol is not None
        self.protocol: Negotiation = protocol
        self.wire.protocol = protocol
        protocol.makeConnection(self.wire)

    @property
    def connection(self) -> Any:
        """What speaks, behind what found out which version of HTTP it is."""
        return self.protocol._connection

    def send(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def turn(self) -> None:
        """Let happen what waits for the next turns of the reactor."""
        self.clock.advance(0)

    def answers(self, method: str = "GET") -> list[Answer]:
        return parse(self.wire.value(), method)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request and return the one response."""
        self.wire.clear()
        lines = [f"{method} {path} HTTP/1.1", "Host: a.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.turn()
        (answer,) = self.answers(method)
        return answer

    @property
    def closed(self) -> bool:
        return self.wire.disconnecting or self.wire.half_closed or self.wire.aborted

    def leave(self, reason: type[Exception] = ConnectionDone) -> None:
        self.protocol.connectionLost(Failure(reason()))

    def break_off(self) -> None:
        self.leave(ConnectionLost)


@pytest.fixture
def new_wire() -> Callable[[], Wire]:
    return Wire


@pytest.fixture
def clock() -> ReactorClock:
    return ReactorClock()


@pytest.fixture
def journal() -> Journal:
    return Journal("web")


@pytest.fixture
def connect(clock: ReactorClock, journal: Journal) -> Callable[..., Client]:
    """Connect to a factory of its own for some routes; what is no setting of it is a limit."""

    def connect(
        routes: Mapping[str, Route],
        connections: int = 1000,
        trusted: Any = None,
        access: Any = None,
        peer: Any = None,
        **limits: Any,
    ) -> Client:
        settings = {
            "connections": connections,
            "limits": Limits(**limits),
            "trusted": trusted,
            "access": access,
        }
        factory = HTTPFactory(routes, journal=journal, clock=clock, **settings)
        return Client(factory, clock, Wire(peer))

    return connect


@pytest.fixture
def another(clock: ReactorClock) -> Callable[[Client], Client]:
    """Another connection to the factory of a client."""
    return lambda client: Client(client.factory, clock)


@pytest.fixture
def failures() -> Iterator[list[LogEvent]]:
    """What is logged as a failure."""
    found: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if event["log_level"] in (LogLevel.error, LogLevel.critical):
            found.append(event)

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def serve(connect, clock, journal):
    """A client of one function, at /f unless another path is said, that runs in the loop unless it is said
    where."""

    def serve(function: Any, path: str = "/f", **settings: Any):
        settings.setdefault("run", "loop")
        settings.setdefault("methods", METHODS)
        route = function_route(function, path=path, reactor=clock, journal=journal, **settings)
        return connect({path: route})

    return serve
