"""Files over the loopback: a real disk, real threads, another client."""

from __future__ import annotations

import gzip
import hashlib
import os
from email import message_from_bytes
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from protocols.http import FilesRoute, HTTPFactory
from protocols.journal import Journal

BLOCK = bytes(range(256)) * 4096
BLOCKS = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a binary file and a text of 64 MiB each, which the page cache has forgotten."""
    for name in ("large.bin", "large.txt"):
        with (tmp_path / name).open("wb") as file:
            for _ in range(BLOCKS):
                file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    (tmp_path / "small.txt").write_bytes(BLOCK[:5000])
    return tmp_path


@pytest_twisted.async_yield_fixture
async def port(folder: Path):
    """The port on which the folder is served."""
    from twisted.internet import reactor

    route = FilesRoute(folder, reactor=reactor, listing=True)
    factory = HTTPFactory({"/": route}, journal=Journal("files"), clock=reactor)
    listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
    yield listening.getHost().port
    await listening.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    factory.stop()


@pytest.fixture
def ask(port: int):
    """Ask for a path in another thread: status, header fields, and what `read` makes of the response."""

    def work(path: str, headers: dict[str, str], read: Any) -> Any:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        result = response.status, response.headers, read(response)
        connection.close()
        return result

    def ask(path: str, read: Any = lambda response: response.read(), **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return deferToThread(work, path, named, read)

    return ask


def digest(response: Any) -> str:
    whole = hashlib.sha256()
    while piece := response.read(1 << 20):
        whole.update(piece)
    return whole.hexdigest()


def digest_of_gzip(response: Any) -> str:
    with gzip.GzipFile(fileobj=response) as unpacked:
        return digest(unpacked)


def digest_of_blocks() -> str:
    whole = hashlib.sha256()
    for _ in range(BLOCKS):
        whole.update(BLOCK)
    return whole.hexdigest()


EXPECTED = digest_of_blocks()


def memory(field: str) -> int:
    """KiB that this process holds now (``VmRSS``), or has held at most (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


@pytest_twisted.ensureDeferred
async def test_a_large_file_from_the_disk_with_flat_memory(ask) -> None:
    Path("/proc/self/clear_refs").write_text("5")  # the most is counted from here
    before = memory("VmRSS")
    status, headers, found = await ask("/large.bin", digest)
    assert (status, found) == (200, EXPECTED)
    assert headers["Content-Length"] == str(len(BLOCK) * BLOCKS)
    assert memory("VmHWM") - before < 24 * 1024  # some pieces and the client's buffers, not 64 MiB


@pytest_twisted.ensureDeferred
async def test_a_large_text_is_compressed_on_its_way(ask) -> None:
    status, headers, found = await ask("/large.txt", digest_of_gzip, Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"], found) == (200, "gzip", EXPECTED)


@pytest_twisted.ensureDeferred
async def test_parts_from_the_disk(ask) -> None:
    far = len(BLOCK) * (BLOCKS - 1)
    status, headers, body = await ask("/large.bin", Range=f"bytes={far}-{far + 9},5-9")
    assert status == 206
    message = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    assert [part.get_payload(decode=True) for part in message.get_payload()] == [BLOCK[:10], BLOCK[5:10]]


@pytest_twisted.ensureDeferred
async def test_small_files_and_lists(ask) -> None:
    status, _, body = await ask("/small.txt", Accept_Encoding="gzip")
    assert (status, gzip.decompress(body)) == (200, BLOCK[:5000])
    status, _, body = await ask("/")
    assert status == 200
    assert b"large.bin" in body
