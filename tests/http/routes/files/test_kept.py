"""Small files that are kept in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protocols.http.routes.files.kept import FRESH, OVERHEAD, SMALL


@pytest.fixture
def opened(monkeypatch) -> list[object]:
    """Which files have been opened for reading."""
    names: list[object] = []
    real = os.open

    def counted(path, flags, *arguments, **options):
        if not flags & os.O_PATH:
            names.append(path)
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", counted)
    return names


def test_a_small_file_is_read_once(client, opened) -> None:
    answers = []
    for _ in range(3):
        answers.append(client.ask("GET", "/hello.txt").body)
        client.clock.advance(FRESH + 0.1)
    assert answers == [b"0123456789"] * 3
    assert opened == ["hello.txt"]


def test_nothing_is_asked_of_the_disk_for_a_while(client, monkeypatch) -> None:
    client.ask("GET", "/hello.txt")

    def touched(*arguments: object, **options: object) -> None:
        raise AssertionError("the disk was asked")

    monkeypatch.setattr(os, "open", touched)
    monkeypatch.setattr(os, "stat", touched)
    client.clock.advance(FRESH - 0.1)
    assert client.ask("GET", "/hello.txt").status == 200
    assert client.ask("HEAD", "/hello.txt").status == 200
    assert client.ask("GET", "/hello.txt", Range="bytes=0-1").body == b"01"


@pytest.mark.parametrize(
    ("change", "status", "body"),
    [
        (lambda file: file.write_text("another"), 200, b"another"),
        (lambda file: file.unlink(), 404, None),
        (lambda file: (file.unlink(), file.mkdir()), 308, None),
        (lambda file: (file.unlink(), file.symlink_to("../secret.txt")), 404, None),
        (lambda file: file.write_bytes(b"x" * (SMALL + 1)), 200, b"x" * (SMALL + 1)),
    ],
)
def test_a_change_is_seen_after_a_moment(client, site: Path, change, status: int, body) -> None:
    assert client.ask("GET", "/hello.txt").body == b"0123456789"
    change(site / "hello.txt")
    client.clock.advance(FRESH)
    answer = client.ask("GET", "/hello.txt")
    assert answer.status == status
    assert body is None or answer.body == body


def test_an_index_that_comes_first_now(connect, route, site: Path) -> None:
    client = connect({"/": route(("first.html", "index.html"))})
    assert client.ask("GET", "/").body == b"<p>top"
    (site / "first.html").write_text("<p>first")
    client.clock.advance(FRESH)
    assert client.ask("GET", "/").body == b"<p>first"


def test_a_file_that_changes_while_it_is_read_is_not_kept(client, site: Path, monkeypatch) -> None:
    real = os.open

    def change_first(path, *arguments, **options):
        if path == "hello.txt":
            monkeypatch.undo()
            (site / "hello.txt").write_text("changed")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", change_first)
    first = client.ask("GET", "/hello.txt")
    assert first.body == b"changed"
    second = client.ask("GET", "/hello.txt")
    assert (second.body, second.headers["ETag"]) == (b"changed", first.headers["ETag"])


def test_large_files_are_not_kept(client, site: Path, opened) -> None:
    for size, times in ((SMALL, 1), (SMALL + 1, 2)):
        opened.clear()
        (site / "f.bin").write_bytes(bytes(size))
        client.clock.advance(FRESH)
        assert len(client.ask("GET", "/f.bin").body) == len(client.ask("GET", "/f.bin").body) == size
        assert opened == ["f.bin"] * times


def test_nothing_is_kept_if_that_is_wanted(connect, route, opened) -> None:
    client = connect({"/": route(memory=0)})
    assert client.ask("GET", "/hello.txt").body == client.ask("GET", "/hello.txt").body == b"0123456789"
    assert opened == ["hello.txt"] * 2


def test_what_was_not_asked_for_the_longest_goes_first(connect, route, site: Path, opened) -> None:
    client = connect({"/": route(memory=3 * (1000 + OVERHEAD))})
    for name in "abcd":
        (site / name).write_bytes(bytes(1000))

    def ask(names: str) -> str:
        opened.clear()
        for name in names:
            assert len(client.ask("GET", f"/{name}").body) == 1000
        return "".join(map(str, opened))

    assert ask("abc") == "abc"
    assert ask("abc") == ""
    assert ask("ad") == "d"  # in the place of b
    assert ask("ad") == ""
    assert ask("b") == "b"  # in the place of c
    assert ask("adb") == ""


@pytest.mark.usefixtures("cold")
def test_two_who_ask_at_once_are_kept_once(connect, route, another, clock, site: Path) -> None:
    content = bytes(1000)
    (site / "a").write_bytes(content)
    made = route()
    one = connect({"/": made})
    two = another(one)
    for client in (one, two):
        client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    for _ in range(2):
        clock.wait_for_thread()
    clock.advance(0)
    assert [client.answers()[0].body for client in (one, two)] == [content] * 2
    assert made._delivery._memory.size == OVERHEAD + len(content)
