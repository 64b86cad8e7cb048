"""Files as they are asked for and sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protocols.http.routes.files.file_source import READ
from protocols.http.routes.files.kept import SMALL


def test_a_file(client) -> None:
    answer = client.ask("GET", "/hello.txt")
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] is None
    assert answer.headers["Vary"] is None


def test_an_index_stands_for_its_folder(client) -> None:
    for _ in range(2):
        assert client.ask("GET", "/").body == b"<p>top"
        assert client.ask("GET", "/sub/").body == b"<p>sub"
        assert client.ask("GET", "/sub/index.html").body == b"<p>sub"


def test_the_first_index_that_there_is(connect, route, site: Path) -> None:
    client = connect({"/": route(("missing", "empty", "hello.txt", "index.html"))})
    answer = client.ask("GET", "/")
    assert (answer.body, answer.headers["Content-Type"]) == (b"0123456789", "text/plain; charset=utf-8")


def test_a_folder_without_a_slash_gets_one(client) -> None:
    answer = client.ask("GET", "/sub?a=b")
    assert (answer.status, answer.headers["Location"]) == (308, "/sub/?a=b")


def test_a_file_with_a_slash_is_none(client) -> None:
    client.ask("GET", "/hello.txt")
    assert client.ask("GET", "/hello.txt/").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_files_are_only_read(client, method: str) -> None:
    answer = client.ask(method, "/hello.txt", b"x")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("size", [0, 10, SMALL, SMALL + 1, 300_000])
@pytest.mark.parametrize("accept", ["", "gzip"])
def test_head_is_get_without_the_body(client, site, descriptors, size: int, accept: str, waiting) -> None:
    (site / "f.txt").write_bytes(b"x" * size)
    before = descriptors()
    head = client.ask("HEAD", "/f.txt", Accept_Encoding=accept)
    assert (head.status, head.body) == (200, b"")
    assert descriptors() == before
    if accept and size > SMALL:
        # How long it will be nobody knows before (RFC 9110, section 8.6).
        assert head.headers["Content-Length"] is None
        assert head.headers["Transfer-Encoding"] == "chunked"
        return
    get = client.ask("GET", "/f.txt", Accept_Encoding=accept)
    assert {**get.headers} == {**head.headers}
    assert int(get.headers["Content-Length"]) == len(get.body)


def test_cache_control_is_sent_with_every_file(connect, route, site) -> None:
    (site / "large.bin").write_bytes(bytes(SMALL + 1))
    client = connect({"/": route(cache_control="public, max-age=60")})
    tag = client.ask("GET", "/hello.txt").headers["ETag"]
    for path, condition, status in (
        ("/hello.txt", {}, 200),
        ("/large.bin", {}, 200),
        ("/hello.txt", {"If_None_Match": tag}, 304),
        ("/hello.txt", {"Range": "bytes=0-1"}, 206),
    ):
        answer = client.ask("GET", path, **condition)
        assert (answer.status, answer.headers["Cache-Control"]) == (status, "public, max-age=60")
    assert client.ask("GET", "/missing").headers["Cache-Control"] is None


def test_what_cannot_stand_in_a_header_is_refused(route) -> None:
    with pytest.raises(ValueError, match="Cache-Control"):
        route(cache_control="a\r\nb: c")


# -- large files -------------------------------------------------------------------------------------


@pytest.fixture
def large(site: Path) -> bytes:
    content = bytes(range(256)) * (5 * READ // 256) + b"end"
    (site / "large.bin").write_bytes(content)
    return content


GET_LARGE = b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_large_file_comes_whole_a_piece_per_turn(client, large: bytes, descriptors) -> None:
    before = descriptors()
    client.send(GET_LARGE)
    assert len(client.wire.value()) < 2 * READ
    assert descriptors() == before + 1
    client.turn()
    assert client.answers()[0].body == large
    assert descriptors() == before


def test_a_part_of_a_large_file(client, large: bytes, descriptors) -> None:
    before = descriptors()
    first, last = READ - 5, 3 * READ + 7
    answer = client.ask("GET", "/large.bin", Range=f"bytes={first}-{last}")
    assert (answer.status, answer.body) == (206, large[first : last + 1])
    assert descriptors() == before


def test_a_reader_that_does_not_read_is_waited_for(client, large: bytes) -> None:
    client.wire.room = READ
    client.send(GET_LARGE)
    client.turn()
    held = len(client.wire.value())
    assert held < 2 * READ
    client.turn()
    assert len(client.wire.value()) == held
    client.wire.room = None
    client.wire.producer.resumeProducing()
    client.turn()
    assert client.answers()[0].body == large


def test_a_client_that_leaves_leaves_no_file_open(client, large: bytes, descriptors, failures) -> None:
    before = descriptors()
    client.send(GET_LARGE)
    client.break_off()
    client.turn()
    assert descriptors() == before
    assert failures == []


def test_a_file_that_shrinks_is_not_passed_off_as_whole(client, site: Path, large: bytes, failures) -> None:
    client.send(GET_LARGE)
    os.truncate(site / "large.bin", READ)
    client.turn()
    assert client.wire.aborted
    assert len(failures) == 1


def test_a_file_that_grows_is_sent_as_it_was(client, site: Path, large: bytes) -> None:
    client.send(GET_LARGE)
    with (site / "large.bin").open("ab") as file:
        file.write(b"more")
    client.turn()
    assert client.answers()[0].body == large


def test_a_file_that_is_replaced_is_sent_as_it_was(client, site: Path, large: bytes) -> None:
    client.send(GET_LARGE)
    (site / "next").write_bytes(b"x" * len(large))
    (site / "next").rename(site / "large.bin")
    client.turn()
    assert client.answers()[0].body == large


def test_an_empty_file(client, site: Path) -> None:
    (site / "none.txt").touch()
    answer = client.ask("GET", "/none.txt", Accept_Encoding="gzip")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert answer.headers["Content-Encoding"] is None
    assert client.ask("GET", "/none.txt", Range="bytes=0-").status == 416


# -- what the disk has to be waited for ----------------------------------------------------------------


@pytest.mark.usefixtures("cold")
def test_a_cold_file_is_read_in_a_thread(client, site, waiting, descriptors) -> None:
    before = descriptors()
    answer = waiting(client, "/hello.txt")
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert client.ask("GET", "/hello.txt").body == b"0123456789"  # it is in memory now
    assert descriptors() == before


@pytest.mark.usefixtures("cold")
def test_a_large_cold_file_is_read_in_threads(client, large: bytes, clock, descriptors) -> None:
    before = descriptors()
    client.send(GET_LARGE)
    for _ in range(6):
        clock.wait_for_thread()
        client.turn()
    assert client.answers()[0].body == large
    assert descriptors() == before


@pytest.mark.usefixtures("cold")
@pytest.mark.parametrize("path", ["/hello.txt", "/large.bin"])
def test_a_client_that_leaves_meanwhile(client, large, clock, descriptors, failures, path: str) -> None:
    before = descriptors()
    client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert descriptors() == before + 1
    client.break_off()
    clock.wait_for_thread()
    client.turn()
    assert descriptors() == before
    assert failures == []


@pytest.mark.usefixtures("cold")
def test_a_disk_that_fails(client, clock, descriptors, failures, monkeypatch) -> None:
    def pread(*arguments: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", pread)
    before = descriptors()
    client.send(b"GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.wait_for_thread()
    client.turn()
    assert client.answers()[0].status == 500
    assert len(failures) == 1
    assert descriptors() == before


@pytest.mark.usefixtures("cold")
def test_a_small_file_that_shrinks_meanwhile(client, site, clock, monkeypatch) -> None:
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda descriptor, size, at: real(descriptor, size - 1, at))
    client.send(b"GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.wait_for_thread()
    client.turn()
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
