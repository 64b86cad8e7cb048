from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocols.handlers.threads import ThreadPool
from protocols.http import FilesRoute
from protocols.http.routes.files.open_file import OpenFile

SECRET = b"outside"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to serve, beside a file that is not to be seen."""
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "public-too").mkdir()
    (tmp_path / "public-too" / "secret.txt").write_bytes(SECRET)
    root = tmp_path / "public"
    (root / "sub" / ".hidden").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / ".well-known").mkdir()
    (root / "index.html").write_text("<p>top")
    (root / "hello.txt").write_text("0123456789")
    (root / "sub" / "index.html").write_text("<p>sub")
    (root / "sub" / "a.weird").write_bytes(b"<script>")
    (root / "sub" / ".hidden" / "x").write_text("x")
    (root / ".env").write_text("x")
    (root / ".well-known" / "security.txt").write_text("mail us")
    (root / "out").symlink_to(tmp_path / "secret.txt")
    (root / "out-relative").symlink_to("../secret.txt")
    (root / "outdir").symlink_to(tmp_path)
    (root / "beside").symlink_to(tmp_path / "public-too")
    (root / "inside").symlink_to(root / "hello.txt")
    (root / "sub" / "inside-relative").symlink_to("../hello.txt")
    (root / "subdir").symlink_to("sub")
    (root / "up-and-down").symlink_to("sub/../sub/.././sub/")
    (root / "out-and-in").symlink_to("../public/hello.txt")
    (root / "loop").symlink_to(root / "loop")
    (root / "ping").symlink_to("pong")
    (root / "pong").symlink_to("ping")
    (root / "top").symlink_to(root)
    (root / "device").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture
def route(clock, site: Path) -> Iterator[Callable[..., FilesRoute]]:
    """Make a route for the site, with some settings."""
    made: list[FilesRoute] = []

    def make(index: Any = ("index.html",), **settings: Any) -> FilesRoute:
        made.append(FilesRoute(settings.pop("folder", site), index, reactor=clock, **settings))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def client(connect, route):
    """A client of the site at / as it is by default."""
    return connect({"/": route()})


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """How many descriptors are open in this process."""
    return lambda: sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in the page cache."""

    def preadv(*arguments: Any) -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("protocols.http.routes.files.open_file.os.preadv", preadv)


@pytest.fixture
def waiting(clock) -> Callable[..., Any]:
    """Ask as a client does, for what needs some calls of threads."""

    def ask(client: Any, path: str, calls: int = 1, **headers: str) -> Any:
        client.wire.clear()
        lines = [f"GET {path} HTTP/1.1", "Host: a.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        client.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        client.turn()
        for _ in range(calls):
            clock.wait_for_thread()
            client.turn()
        (answer,) = client.answers()
        return answer

    return ask


@pytest.fixture
def opened(clock, tmp_path: Path):
    """Open a file of some content as the route does; its threads end with the test."""
    threads = ThreadPool(clock, 1, "test")

    def open_file(content: bytes) -> OpenFile:
        (tmp_path / "opened").write_bytes(content)
        return OpenFile(os.open(tmp_path / "opened", os.O_RDONLY), threads)

    yield open_file
    threads.stop()
