"""Every store there is, for the one class of tests that all of them pass."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from uuid import uuid4

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.intake import Intake
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry, Message
from protocols.channels.nats import NATSConnection, NATSSettings, NATSStore, obstacle
from protocols.channels.settings import Settings
from protocols.channels.sqlite import SQLiteStore
from protocols.channels.store import READ_MESSAGES, Store
from protocols.channels.subscription import Subscription
from protocols.channels.tail import Tail


class StoreBench(Protocol):
    """A store that is open, and what a test does around it."""

    store: Store
    came: list[Message]
    """What it has told."""
    survives: bool
    """Whether what is published is there after :meth:`reopen` in another process too."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def pass_time(self, seconds: float) -> None:
        """Let that time go by, for the store."""

    def now(self) -> float:
        """The time that it knows, in seconds since the epoch."""

    async def reopen(self) -> None:
        """Close the store, and open another on the same log; :attr:`came` begins anew."""

    async def heard(self, count: int) -> Sequence[Message]:
        """What it has told, once it is so many messages."""


class MemoryBench:
    survives = False

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000.0)
        self.log = MemoryLog()
        self.came: list[Message] = []
        self.store: Store

    async def open(self) -> None:
        self.store = MemoryStore(self.log, now=self.clock.seconds)
        await self.store.open(self.came.extend)

    async def close(self) -> None:
        await self.store.close()

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def now(self) -> float:
        return self.clock.seconds()

    async def reopen(self) -> None:
        await self.store.close()
        self.came = []
        await self.open()

    async def heard(self, count: int) -> Sequence[Message]:
        return self.came


class SQLiteBench:
    survives = True

    def __init__(self, folder: Path) -> None:
        self.file = folder / "channels" / "readings.sqlite"
        self.ahead = 0.0
        self.came: list[Message] = []
        self.store: Store

    async def open(self) -> None:
        self.store = SQLiteStore(self.file, reactor=reactor, now=self.now)
        await self.store.open(self.came.extend)

    async def close(self) -> None:
        await self.store.close()

    async def pass_time(self, seconds: float) -> None:
        self.ahead += seconds

    def now(self) -> float:
        return time.time() + self.ahead

    async def reopen(self) -> None:
        await self.store.close()
        self.came = []
        await self.open()

    async def heard(self, count: int) -> Sequence[Message]:
        while len(self.came) < count:
            await deferLater(reactor, 0.001)
        return self.came


class NATSServer:
    """A nats-server with JetStream, on one port of the loopback interface for as long as a test wants it."""

    WAIT = 30.0

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
        if program is None:
            pytest.skip("nats-server is not installed")
        self.url = f"nats://127.0.0.1:{port}"
        self.said = ""
        place = ("--addr", "127.0.0.1", "--port", str(port))
        self._command = [program, *place, "--jetstream", "--store_dir", str(folder), *options]
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None

    def start(self) -> None:
        """Returns once it listens."""
        process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        self._process = process
        assert process.stderr is not None
        self.said = ""
        for line in process.stderr:
            self.said += line
            if re.search(r"Server is ready", line):
                break
        else:
            raise AssertionError(f"nats-server ended:\n{self.said}")
        # Nobody reads on, and it must not wait for that.
        self._reader = Thread(target=process.stderr.read, daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """It is gone, as by a loss of power, once this returns."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stderr is not None
            assert self._reader is not None
            process.kill()
            process.wait(self.WAIT)
            self._reader.join(self.WAIT)
            process.stderr.close()

    def stop(self) -> None:
        """It ends in order."""
        process = self._process
        assert process is not None
        process.terminate()
        process.wait(self.WAIT)
        self.kill()

    async def restart(self) -> None:
        await deferToThread(self.start)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It does nothing, and its connections stay."""
        process = self._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)  # all of its threads
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def nats_server_class() -> type[NATSServer]:
    return NATSServer


@pytest.fixture(scope="session")
def nats_server(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[NATSServer]:
    """One that all tests share that only use it."""
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    server = NATSServer(tmp_path_factory.mktemp("jetstream"), free_port())
    server.start()
    yield server
    server.kill()


class NATSBench:
    survives = True

    def __init__(self) -> None:
        self.server: NATSServer
        self.stream = f"t-{uuid4().hex}"
        self.came: list[Message] = []
        self.store: Store

    async def open(self) -> None:
        connection = NATSConnection(NATSSettings((self.server.url,)), reactor)
        self.store = NATSStore(connection, self.stream, reactor=reactor)
        await self.store.open(self.came.extend)

    async def close(self) -> None:
        await self.store.close()

    async def pass_time(self, seconds: float) -> None:
        await deferLater(reactor, seconds)

    def now(self) -> float:
        return time.time()

    async def reopen(self) -> None:
        await self.store.close()
        self.came = []
        await self.open()

    async def heard(self, count: int) -> Sequence[Message]:
        while len(self.came) < count:
            await deferLater(reactor, 0.01)
        return self.came


BENCHES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda folder: MemoryBench(),
    "sqlite": SQLiteBench,
    "nats": lambda folder: NATSBench(),
}
"""What makes a bench for each kind of store, given a folder of its own."""


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> StoreBench:
    """A bench of each kind of store; a test opens and closes it by ``async with opened(bench)``."""
    made: StoreBench = BENCHES[request.param](tmp_path)
    if isinstance(made, NATSBench):
        made.server = request.getfixturevalue("nats_server")
    return made


@pytest.fixture
def opened() -> Callable[[StoreBench], Any]:
    """``async with opened(bench) as store``: the store, open."""
    return Opened


class Opened:
    def __init__(self, bench: StoreBench) -> None:
        self.bench = bench

    async def __aenter__(self) -> Store:
        await self.bench.open()
        return self.bench.store

    async def __aexit__(self, *_: object) -> None:
        await self.bench.close()


class AwayStore(MemoryStore):
    """A store in memory whose reads fail while it is away, or wait while they are held up."""

    is_away = False
    held_up: Deferred[None] | None = None
    reads = 0

    def read(self, after: int, most: int = READ_MESSAGES, key: str = "") -> Deferred[Sequence[Message]]:
        self.reads += 1
        if self.is_away:
            return fail(UnavailableError("it is away"))
        found = super().read(after, most, key)
        return found if self.held_up is None else self.held_up.addCallback(lambda _: found)


class Listener:
    """A subscriber that keeps what it is told, as lines of a transcript."""

    subscription: Subscription

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.batches: list[Batch] = []

    def came(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.heard += [message.seq for message in batch.messages]

    def missed(self, count: int) -> None:
        self.heard.append(f"missed {count}")

    def cut_off(self, reason: str) -> None:
        self.heard.append(reason)


class Stage:
    """A channel in memory, a clock, and whoever listens."""

    def __init__(self, intake: Intake | None = None, tail: Tail | None = None, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000.0)
        self.log = MemoryLog()
        self.store = AwayStore(self.log, now=self.clock.seconds)
        self.channel = Channel(
            "readings",
            self.store,
            clock=self.clock,
            settings=Settings(**settings),
            intake=intake,
            now=self.clock.seconds,
        )
        self.channel.tail = tail or self.channel.tail
        self.channel.open()

    def publish(self, *bodies: bytes, **named: Any) -> Any:
        return self.channel.publish([Entry(body, **named) for body in bodies])

    def listen(self, position: int | None = None, key: str = "", listener: Any = None) -> Any:
        """One that reads from behind `position`, or what is new."""
        listener = listener or Listener()
        begin = self.channel.last if position is None else position
        listener.subscription = self.channel.subscribe(listener, begin, key)
        listener.subscription.resume()
        return listener

    def turn(self, seconds: float = 0.0, turns: int = 5) -> None:
        """Let time pass, and what follows at once happen."""
        self.clock.advance(seconds)
        for _ in range(turns):
            self.clock.advance(0)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    """What makes a channel with its surroundings."""
    return Stage


@pytest.fixture
def listener() -> type[Listener]:
    """The class of subscribers that keep what they are told."""
    return Listener


@pytest.fixture(params=[kind for kind in BENCHES if kind != "nats"])
def new_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StoreBench]:
    """What makes one bench after another, of a kind whose time a test can let pass."""
    folders = (tmp_path / str(number) for number in count())

    def made() -> StoreBench:
        folder = next(folders)
        folder.mkdir()
        found: StoreBench = BENCHES[request.param](folder)
        return found

    return made
