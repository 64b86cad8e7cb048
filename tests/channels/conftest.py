"""Every store there is, for the one class of tests that all of them pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from twisted.internet.task import Clock, deferLater

from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Message
from protocols.channels.sqlite import SQLiteStore
from protocols.channels.store import Store


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
        from twisted.internet import reactor

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
        from twisted.internet import reactor

        while len(self.came) < count:
            await deferLater(reactor, 0.001)
        return self.came


BENCHES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda folder: MemoryBench(),
    "sqlite": SQLiteBench,
}
"""What makes a bench for each kind of store, given a folder of its own."""


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> StoreBench:
    """A bench of each kind of store; a test opens and closes it by ``async with opened(bench)``."""
    made: StoreBench = BENCHES[request.param](tmp_path)
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
