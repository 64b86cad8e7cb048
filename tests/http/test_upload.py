from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Upload
from protocols.http.upload import LONGEST, plain_name


def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """In a thread of its own, where no loop of asyncio's runs as the tests' own does."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result(20)


@pytest.fixture
def upload():
    made = []

    def upload(content: bytes, **settings: object) -> Upload:
        upload = Upload("file", "a.txt", "text/plain", **settings)
        made.append(upload)
        for at in range(0, len(content), 100):
            upload.write(content[at : at + 100])
        upload.rewind()
        return upload

    yield upload
    for each in made:
        each.close()


@pytest.mark.parametrize("memory", [10, 10_000])
def test_reading(upload, memory: int) -> None:
    made = upload(b"abc" * 1000, memory=memory)
    assert (made.size, made.in_memory) == (3000, memory > 3000)
    assert made.read(4) == b"abca"
    assert len(made.read()) == 2996
    assert made.read() == b""
    made.rewind()
    assert made.file.read(3) == b"abc"


@pytest.mark.parametrize("memory", [10, 10_000_000])
def test_reading_in_a_loop(upload, memory: int) -> None:
    made = upload(b"x" * 150_000, memory=memory)

    async def pieces() -> list[int]:
        assert await made.aread(2) == b"xx"
        return [len(piece) async for piece in made]

    assert in_thread(asyncio.run, pieces()) == [65_536, 65_536, 150_000 - 2 - 2 * 65_536]


def test_a_file_on_a_disk_does_not_hold_the_loop_up(upload) -> None:
    made = upload(b"x" * 100, memory=10)
    threads, loops = [], []
    read = made.file.read
    made._file.read = lambda size: threads.append(threading.current_thread()) or read(size)

    async def five() -> bytes:
        loops.append(threading.current_thread())
        return await made.aread(5)

    assert in_thread(asyncio.run, five()) == b"xxxxx"
    assert len(threads) == 1
    assert threads != loops


def test_reading_without_asyncio(upload) -> None:
    made = upload(b"x" * 100, memory=10)

    def step() -> bytes:
        try:
            made.aread(5).send(None)
        except StopIteration as stopped:
            return stopped.value
        return b""

    assert in_thread(step) == b"xxxxx"


def test_saving(upload, tmp_path) -> None:
    made = upload(b"content", memory=1)
    made.read(3)
    target = tmp_path / "saved"
    assert made.save_to(target) == target
    assert target.read_bytes() == b"content"
    with pytest.raises(FileExistsError):
        made.save_to(target)
    target.write_bytes(b"old")
    made.save_to(str(target), replace=True)
    assert target.read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_saving_that_fails_leaves_nothing(upload, tmp_path, monkeypatch) -> None:
    made = upload(b"content")

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("shutil.copyfileobj", full)
    (tmp_path / "old").write_bytes(b"old")
    for name, replace in (("new", False), ("old", True)):
        with pytest.raises(OSError, match="no space"):
            made.save_to(tmp_path / name, replace=replace)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"old")]


def test_the_content_goes_with_it(upload) -> None:
    with upload(b"x") as made:
        pass
    with pytest.raises(ValueError, match="closed"):
        made.read()
    assert "a.txt" in repr(made)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        ("C:\\Users\\x.doc", "x.doc"),
        ("..", ""),
        ("a/..", ""),
        (".htaccess", "htaccess"),
        ("dir/", ""),
        ("a\0b\r\n.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("  spaced name.txt ", "spaced name.txt"),
        ("", ""),
    ],
)
def test_names(said: str, name: str) -> None:
    assert plain_name(said) == name


def test_a_long_name_keeps_its_suffix() -> None:
    name = plain_name("ü" * 300 + ".jpeg")
    assert name.endswith(".jpeg")
    assert LONGEST - 2 <= len(name.encode()) <= LONGEST
    assert len(plain_name("a." + "b" * 300).encode()) == LONGEST


@given(st.text())
def test_no_name_is_a_path(said: str) -> None:
    name = plain_name(said.encode("utf-8", "ignore").decode())
    assert not set(name) & set("/\\\0\r\n")
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert len(name.encode()) <= LONGEST
    assert plain_name(name) == name or len(name.encode()) > LONGEST - 40
