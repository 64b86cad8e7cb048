"""Stores of SQLite, and other processes that publish to the same file."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.sqlite import SQLiteStore

WAIT = 60.0
"""Seconds to wait for what must happen; only a test that fails takes them."""

ROOT = Path(__file__).parents[3]


class Scene:
    """A store on `file`, and what it has told."""

    def __init__(self, file: Path, **settings: Any) -> None:
        self.file = file
        self.came: list[Message] = []
        self.store = SQLiteStore(file, reactor=reactor, **settings)

    async def __aenter__(self) -> Scene:
        await self.store.open(self.came.extend)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.close()

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.came]

    async def publish(self, *bodies: bytes, **named: Any) -> list[Receipt]:
        return list(await self.store.append([Entry(body, **named) for body in bodies]))

    async def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < end
            await deferLater(reactor, 0.001)

    async def until_published(self, body: bytes, error: type[Exception]) -> Receipt:
        """Publish `body` as soon as the store takes it."""
        end = time.monotonic() + WAIT
        while True:
            try:
                return (await self.publish(body))[0]
            except error:
                assert time.monotonic() < end
                await deferLater(reactor, 0.01)

    def in_writer(self, function: Callable[..., Any]) -> Deferred[Any]:
        """What `function` makes of the connection that writes."""
        return self.store._aside(function)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "channels" / "readings.sqlite"


@pytest.fixture
def scene(file: Path) -> Callable[..., Scene]:
    """``async with scene() as it``: a store that is open."""

    def make(**settings: Any) -> Scene:
        return Scene(settings.pop("file", file), **settings)

    return make


PRELUDE = """
import sys
import protocols.reactor
protocols.reactor.install()
from pathlib import Path
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry
from protocols.channels.sqlite import SQLiteStore

def say(*words):
    print(*words, flush=True)

async def run():
    came = []
    store = SQLiteStore(Path(sys.argv[1]), reactor=reactor)
    await store.open(came.extend)
    say("open")
    await main(store, came)
    await store.close()

def failed(failure):
    failure.printTraceback()

reactor.callWhenRunning(
    lambda: Deferred.fromCoroutine(run()).addErrback(failed).addBoth(lambda _: reactor.stop())
)
reactor.suggestThreadPoolSize(1)
"""


@pytest.fixture
def other(tmp_path: Path, file: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another process that runs ``async def main(store, came)``, and says what it does in lines."""
    started: list[subprocess.Popen[str]] = []

    def start(main: str, *arguments: object, before: list[str] | None = None) -> subprocess.Popen[str]:
        program = tmp_path / f"other{len(started)}.py"
        program.write_text(f"{PRELUDE}\n{textwrap.dedent(main)}\nreactor.run()\n")
        process = subprocess.Popen(
            [*(before or []), sys.executable, str(program), str(file), *map(str, arguments)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
