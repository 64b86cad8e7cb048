"""Fakes that the tests of several modules share, and the rule that no failure goes unnoticed.

One file, since test modules are imported without a package (importmode importlib) and cannot import each
other: what many folders share has no other place.
"""

from __future__ import annotations

import os
import queue
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pytest
from hypothesis import settings
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import directlyProvides

import protocols.reactor
from protocols.framing import Lines
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.session import Peer
from protocols.stream import StreamFactory
from protocols.stream_limits import OUTPUT

REACTOR = os.environ.get("POLYPORT_TEST_REACTOR", "polyport")
"""What the tests, and the daemons they start, run on; `make test-epoll` has them run on Twisted's own."""

if REACTOR == "polyport":
    protocols.reactor.install()

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

WAIT = 60.0
"""Seconds to wait for what must happen; only a test that fails takes them."""


@pytest.fixture(autouse=True, scope="session")
def child_ends_wake_the_main_thread() -> None:
    """Let SIGCHLD interrupt a main thread that waits for a lock; the reactor had it restart the wait.

    On CPython 3.11 a traced thread spins at the start of a function, holding the GIL, for as long as a
    signal has not been handled, and only the main thread handles them.  Under coverage a child that ends
    while a test waits for a thread would stop the suite for good.
    """
    from twisted.internet import reactor

    # The reactor sets its handlers when it starts, which the first test lets it do.
    reactor.callLater(0, signal.siginterrupt, signal.SIGCHLD, True)


class LoggedFailures:
    """The events of error and critical level of one test."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any]) -> None:
        if event["log_level"] in (LogLevel.error, LogLevel.critical):
            self.events.append(event)

    def take(self, *kinds: type[BaseException]) -> list[dict[str, Any]]:
        """The failures logged so far, which must be of `kinds`, in that order; they are expected."""
        events, self.events = self.events, []
        assert len(events) == len(kinds), events
        for event, kind in zip(events, kinds, strict=True):
            error = event["error"] if "error" in event else event["log_failure"].value
            assert isinstance(error, kind), event
        return events


@pytest.fixture(autouse=True)
def failures() -> Iterator[LoggedFailures]:
    """Fails a test after which an error is in the log that it has not taken."""
    logged = LoggedFailures()
    globalLogPublisher.addObserver(logged)
    yield logged
    globalLogPublisher.removeObserver(logged)
    unexpected = [str(event.get("log_failure", event)) for event in logged.events]
    assert unexpected == []


class QueueClock(Clock):
    """A reactor without a loop: its time is moved, and its calls from threads are run, by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.from_threads: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:  # noqa: N802
        self.from_threads.put(lambda: function(*arguments))

    def turn(self) -> None:
        """Run one call from a thread, waiting for it if there is none yet."""
        self.from_threads.get(timeout=WAIT)()

    def until(self, condition: Callable[[], object]) -> None:
        """Run calls from threads, and what is due now, until `condition` holds."""
        while not condition():
            self.turn()
            self.advance(0)


@pytest.fixture
def clock() -> QueueClock:
    return QueueClock()


class FakeTransport(StringTransport):
    """A transport whose peer reads only when the test says so."""

    BUFFER = 65_536
    """As Twisted's: with more than this unread, the producer is paused."""

    def __init__(self, **addresses: Any) -> None:
        super().__init__(**addresses, lenient=True)
        self.writes: list[bytes] = []
        self.unread = 0
        self.read_bytes = 0
        self.half_closed = False
        self.aborted = False

    def write(self, data: bytes) -> None:
        if self.disconnecting:
            return
        super().write(data)
        self.writes.append(data)
        self.unread += len(data)
        if self.unread > self.BUFFER and self.producer is not None:
            self.producer.pauseProducing()

    def peer_reads(self) -> None:
        """All that was written has reached the peer."""
        self.unread = 0
        if self.producer is not None:
            self.producer.resumeProducing()

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        assert enabled

    def unregisterProducer(self) -> None:  # noqa: N802
        self.producer = None

    def loseWriteConnection(self) -> None:  # noqa: N802
        self.half_closed = True

    def abortConnection(self) -> None:  # noqa: N802
        self.aborted = True
        super().abortConnection()


@pytest.fixture(scope="session")
def fake_transport() -> type[FakeTransport]:
    """A transport whose peer reads only when the test says so."""
    return FakeTransport


class FakePeer:
    """One connection to a service, seen from its client."""

    def __init__(self, factory: StreamFactory, transport: FakeTransport) -> None:
        self.factory = factory
        self.transport = transport
        connection = factory.buildProtocol(None)
        assert connection is not None
        self.connection = connection
        connection.makeConnection(transport)

    def send(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    @property
    def received(self) -> bytes:
        return bytes(self.transport.value())

    @property
    def closing(self) -> bool:
        """Whether the service will send nothing more."""
        return bool(self.transport.half_closed or self.transport.disconnecting)

    def shut_down(self) -> None:
        """Say that nothing more will be sent."""
        self.connection.readConnectionLost()

    def leave(self, reason: Exception | None = None) -> None:
        self.connection.connectionLost(Failure(reason or ConnectionDone()))


class Service:
    """A factory around a function or a handler, with what a test looks at."""

    def __init__(self, factory: StreamFactory) -> None:
        self.factory = factory
        self.counts = factory.journal.counts

    def connect(self, *provides: Any, **addresses: Any) -> FakePeer:
        transport = FakeTransport(**addresses)
        if provides:
            directlyProvides(transport, *provides)
        return FakePeer(self.factory, transport)


@pytest.fixture
def serve(clock: QueueClock) -> Iterator[Callable[..., Service]]:
    """Serve a function, or a handler, on fake transports and the fake clock; it runs in the loop."""
    lifted: list[FunctionHandler] = []

    def serve(
        answer: Any,
        framing: Any = None,
        *,
        idle: float = 300,
        first_byte: float = 300,
        message_time: float = 60,
        output: int = OUTPUT,
        connections: int = 100,
        **settings: Any,
    ) -> Service:
        if not hasattr(answer, "open"):
            answer = FunctionHandler(answer, reactor=clock, **{"run": "loop", **settings})
            lifted.append(answer)
        return Service(
            StreamFactory(
                answer,
                framing or Lines(),
                journal=Journal("tested"),
                clock=clock,
                idle=idle,
                first_byte=first_byte,
                message_time=message_time,
                output=output,
                connections=connections,
            )
        )

    yield serve
    for handler in lifted:
        handler.stop()


class RecordingConnection:
    """A connection that notes what its session does."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.sent: list[bytes] = []
        self.events: list[str] = []
        self.errors: list[BaseException] = []

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.events.append("close")

    def fail(self, error: BaseException) -> None:
        self.events.append("fail")
        self.errors.append(error)

    def reject(self, error: Exception) -> None:
        self.events.append("reject")
        self.errors.append(error)

    def pause(self) -> None:
        self.events.append("pause")

    def resume(self) -> None:
        self.events.append("resume")


@pytest.fixture
def connection() -> RecordingConnection:
    return RecordingConnection(Peer("tcp", "192.0.2.1", 4000))


TWISTD = (sys.executable, str(Path(sys.executable).with_name("twistd")))
"""The command ``twistd`` of the environment that runs the tests."""


def _free_port() -> int:
    """A port of 127.0.0.1 that is free for streams and datagrams, and that the kernel gives to nobody who
    asks for any: what other tests connect from meanwhile would take it away."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        place = ("127.0.0.1", random.randrange(10_000, lowest))
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(place)
                datagrams.bind(place)
            except OSError:
                continue
            return place[1]


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Finds ports that a daemon can be told to listen on."""
    return _free_port


class RealDaemon:
    """A process of its own that serves, and what it has said so far."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        self.pid = self.process.pid
        self.said = {"stdout": "", "stderr": ""}
        self._news = Condition()
        self._open = 2
        self._readers = [Thread(target=self._read, args=(name,), daemon=True) for name in self.said]
        for reader in self._readers:
            reader.start()

    @property
    def output(self) -> str:
        return self.said["stdout"]

    @property
    def errors(self) -> str:
        return self.said["stderr"]

    def expect(self, pattern: str, where: str = "stdout") -> re.Match[str]:
        """Wait until what was said, to ``stdout`` or ``stderr``, matches `pattern`."""
        compiled = re.compile(pattern, re.MULTILINE)
        with self._news:
            self._news.wait_for(lambda: compiled.search(self.said[where]) or not self._open, WAIT)
        found = compiled.search(self.said[where])
        assert found, f"{pattern!r} is not in\n{self.output}\n{self.errors}"
        return found

    def ready(self) -> RealDaemon:
        """Wait until everything listens."""
        self.expect(r"\bready\b")
        return self

    def addresses(self, service: str) -> list[str]:
        """Where `service` listens, in the order of the YAML."""
        said = rf"\b{re.escape(service)}: listening on ([^\s\"]+)"
        return re.findall(said, self.output)

    def port(self, service: str, scheme: str = "tcp") -> int:
        """The port of the first address of `service` with that scheme."""
        return next(
            int(address.rpartition(":")[2])
            for address in self.addresses(service)
            if address.startswith(f"{scheme}:")
        )

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def status(self) -> int:
        """Wait until it has ended by itself; its exit status."""
        status = self.process.wait(WAIT)
        for reader in self._readers:
            reader.join(WAIT)
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send_signal(number)
        return self.status()

    def end(self) -> None:
        """Whatever has happened: the process is gone after this."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for reader in self._readers:
            reader.join(WAIT)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def _read(self, name: str) -> None:
        pipe = getattr(self.process, name)
        for line in pipe:
            with self._news:
                self.said[name] += line.decode()
                self._news.notify_all()
        with self._news:
            self._open -= 1
            self._news.notify_all()


def _daemons() -> Iterator[Callable[..., RealDaemon]]:
    started: list[RealDaemon] = []

    def start(
        file: Path, *more: str, command: list[str] | None = None, pidfile: str = "", **options: Any
    ) -> RealDaemon:
        """Run ``twistd`` in the foreground with the YAML `file`, and `more` options of ours.

        Its control socket is in the folder of that.
        """
        environment = {**options.pop("env", os.environ), "XDG_RUNTIME_DIR": str(file.parent)}
        chosen = [] if REACTOR == "polyport" else [f"--reactor={REACTOR}"]
        full = [
            *(command or TWISTD),
            "-n",
            f"--pidfile={pidfile}",
            *chosen,
            "polyport",
            "-c",
            str(file),
            *more,
        ]
        daemon = RealDaemon(full, **{"cwd": file.parent, "env": environment, **options})
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        daemon.end()


real_daemon = pytest.fixture(_daemons, name="real_daemon")
real_daemon_of_module = pytest.fixture(_daemons, scope="module", name="real_daemon_of_module")


class RecordingHandler:
    """A handler whose sessions note every call, and do what `on_message` says."""

    def __init__(self, on_message: Any = None) -> None:
        self.calls: list[Any] = []
        self.on_message = on_message
        self.connection: Any = None

    def open(self, connection: Any) -> RecordingHandler:
        self.connection = connection
        self.calls.append("open")
        return self

    def started(self) -> None:
        self.calls.append("started")

    def received(self, message: bytes) -> None:
        self.calls.append(message)
        if self.on_message is not None:
            self.on_message(self.connection, message)

    def ended(self, error: Exception | None) -> None:
        self.calls.append(("ended", error and str(error)))
        self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        self.calls.append(("closed", reason))

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")


@pytest.fixture(scope="session")
def recording() -> type[RecordingHandler]:
    """A handler that notes every call of its sessions."""
    return RecordingHandler
