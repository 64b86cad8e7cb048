from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from protocols.http import CgiRoute
from protocols.http.routes.cgi.script import ScriptFolder
from protocols.journal import Journal

WAIT = 20
"""Seconds for what must happen; only a test that fails takes them."""


class Asking:
    """A client in memory of a site whose programs are real ones."""

    def __init__(self, client: Any, listeners: list[Callable[[], None]]) -> None:
        """:param listeners: are called whenever the site has answered somebody; this one joins them."""
        self._waiting: list[tuple[Callable[[], object], Deferred[None]]] = []
        self.answered = 0
        self.client = client
        self.wire = wire = client.wire
        self._listeners = listeners
        listeners.append(self._heard)
        write, abort = wire.write, wire.abortConnection

        def writes(data: bytes) -> None:
            write(data)
            self._look()

        def aborts() -> None:
            abort()
            self._look()

        wire.write, wire.abortConnection = writes, aborts

    def beside(self, another: Callable[[Any], Any]) -> Asking:
        """Another client of the same site."""
        return Asking(another(self.client), self._listeners)

    def _heard(self) -> None:
        self.answered += 1
        # The last bytes may be written after this.
        the_reactor.callLater(0, self._look)

    def _look(self) -> None:
        for item in list(self._waiting):
            if item[0]():
                self._waiting.remove(item)
                item[1].callback(None)

    async def until(self, condition: Callable[[], object]) -> None:
        if not condition():
            waiting: Deferred[None] = Deferred()
            self._waiting.append((condition, waiting))
            await waiting.addTimeout(WAIT, the_reactor)

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        """Send one request, and return the one response."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return await self.send(method, path, lines, body)

    async def send(self, method: str, path: str, lines: list[str], body: bytes = b"") -> Any:
        self.wire.clear()
        before = self.answered
        if not any(line.startswith("Host:") for line in lines):
            lines = ["Host: a.test", *lines]
        self.client.send("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body)
        await self.until(lambda: self.answered > before)
        (answer,) = self.client.answers(method)
        return answer


class Site:
    """A folder of scripts, and the route that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.route: Any = None

    def write(self, name: str, text: str, mode: int = 0o755) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def started(self) -> Deferred[Any]:
        """Fires with the next program that starts."""
        programs = self.route.runner.programs
        found: Deferred[Any] = Deferred()

        def add(process: Any) -> None:
            del programs.add
            programs.add(process)
            found.callback(process)

        programs.add = add
        return found.addTimeout(WAIT, the_reactor)

    def sh(self, name: str, text: str) -> Path:
        return self.write(name, f"#!/bin/sh\n{text}\n")


@pytest.fixture
def clock() -> Any:
    """The reactor: programs run in real time."""
    return the_reactor


@pytest_twisted.async_yield_fixture
async def site(tmp_path: Path, connect: Any):
    """Scripts below /cgi-bin/; whatever a test leaves running is ended after it."""
    folder = tmp_path / "cgi-bin"
    folder.mkdir()
    made = Site(folder)
    asking: list[Asking] = []

    def serve(more: Any = None, limits: Any = None, **settings: Any) -> Asking:
        interpreters = settings.pop("interpreters", {})
        scripts = settings.pop("scripts", None) or ScriptFolder(folder, interpreters)
        made.route = CgiRoute(scripts, reactor=the_reactor, journal=Journal("web"), **settings)
        listeners: list[Callable[[], None]] = []

        def tell(access: object) -> None:
            for listener in listeners:
                listener()

        client = connect({"/cgi-bin/": made.route, **(more or {})}, access=tell, **(limits or {}))
        asking.append(Asking(client, listeners))
        return asking[-1]

    made.serve = serve  # type: ignore[attr-defined]
    yield made
    for each in asking:
        each.client.leave()
    if made.route is not None:
        await made.route.stop()


@pytest.fixture
def said():
    """The lines of the log, in words."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event.get("log_format"):
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """How many descriptors are open."""
    return lambda: sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def children() -> Callable[[], set[int]]:
    """The processes that are children of this one, ended ones too that nobody has reaped."""

    def children() -> set[int]:
        found = set()
        for task in Path("/proc/self/task").iterdir():
            found |= set(map(int, (task / "children").read_text().split()))
        return found

    return children
