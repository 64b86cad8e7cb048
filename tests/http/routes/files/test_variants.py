"""Files in content codings: those beside a file, and those made while it is sent."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from protocols.http.compression import CODINGS, LEAST, compress
from protocols.http.routes.files.kept import SMALL

TEXT = b"a line of text\n" * 100
LARGE = b"".join(b"line %d of a long text\n" % number for number in range(40_000))


@pytest.fixture
def precompressed(site: Path) -> Path:
    """A file with others beside it, whose contents tell which one was sent."""
    (site / "a.css").write_bytes(TEXT)
    (site / "a.css.gz").write_bytes(b"gzip" * 30)
    (site / "a.css.br").write_bytes(b"br" * 10)
    (site / "a.css.zst").write_bytes(b"zstd" * 20)
    return site


def coding_and_body(answer) -> tuple[str | None, bytes]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    return answer.headers["Content-Encoding"], answer.body


@pytest.mark.parametrize("round_", ["cold", "from memory"])
def test_the_one_beside_that_the_client_likes_best(client, precompressed, round_: str) -> None:
    for _ in range(1 + (round_ != "cold")):
        for accept, coding, body in (
            ("gzip, br, zstd", "br", b"br" * 10),  # the smallest
            ("gzip, zstd", "zstd", b"zstd" * 20),
            ("gzip;q=1, br;q=0.5", "gzip", b"gzip" * 30),
            ("gzip", "gzip", b"gzip" * 30),
            ("", None, TEXT),
            ("deflate", None, TEXT),
            ("gzip;q=0.5, identity", None, TEXT),
        ):
            answer = client.ask("GET", "/a.css", Accept_Encoding=accept)
            assert coding_and_body(answer) == (coding, body), accept


def test_several_fields_are_one(client, precompressed) -> None:
    client.send(
        b"GET /a.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n\r\n" * 2
    )
    assert [coding_and_body(answer)[0] for answer in client.answers()] == ["gzip", "gzip"]


def test_each_form_has_a_tag_of_its_own(client, precompressed) -> None:
    tags = {
        accept: client.ask("GET", "/a.css", Accept_Encoding=accept).headers["ETag"]
        for accept in ("gzip", "br", "zstd", "")
    }
    assert len(set(tags.values())) == 4
    for accept, tag in tags.items():
        for other in tags:
            answer = client.ask("GET", "/a.css", Accept_Encoding=other, If_None_Match=tag)
            assert answer.status == (304 if accept == other else 200)
            assert answer.headers["Vary"] == "Accept-Encoding"


def test_those_made_while_sent_have_tags_too(client, site: Path) -> None:
    (site / "a.css").write_bytes(TEXT)
    tags = {client.ask("GET", "/a.css", Accept_Encoding=a).headers["ETag"] for a in (*CODINGS, "")}
    assert len(tags) == 4
    client.clock.advance(2)
    for accept in (*CODINGS, ""):
        assert client.ask("GET", "/a.css", Accept_Encoding=accept).headers["ETag"] in tags


@pytest.mark.parametrize("content", [TEXT, LARGE])
def test_a_range_is_one_of_the_file_itself(client, site: Path, content: bytes) -> None:
    (site / "a.css").write_bytes(content)
    (site / "a.css.gz").write_bytes(b"z" * 1000)
    coded = client.ask("GET", "/a.css", Accept_Encoding="gzip")
    assert coded.headers["Accept-Ranges"] is None
    plain = client.ask("GET", "/a.css").headers["ETag"]
    for _ in range(2):
        answer = client.ask("GET", "/a.css", Accept_Encoding="gzip", Range="bytes=2-5")
        assert (answer.status, answer.body) == (206, content[2:6])
        assert (answer.headers["Content-Encoding"], answer.headers["ETag"]) == (None, plain)
        # One who has the beginning of the compressed form must not get the rest of the other.
        tag = coded.headers["ETag"]
        answer = client.ask("GET", "/a.css", Accept_Encoding="gzip", Range="bytes=2-", If_Range=tag)
        assert (answer.status, answer.body) == (200, content)


def test_one_that_is_older_is_forgotten(client, precompressed: Path) -> None:
    for name in ("a.css.br", "a.css.zst"):
        os.utime(precompressed / name, (10**9, 10**9))
    assert client.ask("GET", "/a.css", Accept_Encoding="br, gzip").headers["Content-Encoding"] == "gzip"
    (precompressed / "a.css").write_bytes(TEXT + b"more")
    os.utime(precompressed / "a.css", (4 * 10**9, 4 * 10**9))
    client.clock.advance(2)
    answer = client.ask("GET", "/a.css", Accept_Encoding="gzip")
    assert gzip.decompress(answer.body) == TEXT + b"more"


def test_one_that_comes_and_goes(client, site: Path) -> None:
    (site / "a.bin").write_bytes(TEXT)

    def asked() -> tuple[str | None, str | None]:
        client.clock.advance(2)
        headers = client.ask("GET", "/a.bin", Accept_Encoding="gzip").headers
        return headers["Content-Encoding"], headers["Vary"]

    assert asked() == (None, None)
    (site / "a.bin.gz").write_bytes(gzip.compress(TEXT))
    assert asked() == ("gzip", "Accept-Encoding")
    (site / "a.bin.gz").unlink()
    assert asked() == (None, None)


def test_only_plain_files_that_may_be_seen_count(client, site: Path) -> None:
    (site / "a.bin").write_bytes(TEXT)
    (site / "a.bin.gz").symlink_to(site.parent / "secret.txt")
    (site / "a.bin.br").mkdir()
    os.mkfifo(site / "a.bin.zst")
    answer = client.ask("GET", "/a.bin", Accept_Encoding="gzip, br, zstd")
    assert (answer.body, answer.headers["Content-Encoding"]) == (TEXT, None)


def test_none_is_found_without_its_file(client, site: Path) -> None:
    (site / "a.css.gz").write_bytes(b"z")
    assert client.ask("GET", "/a.css", Accept_Encoding="gzip").status == 404
    answer = client.ask("GET", "/a.css.gz", Accept_Encoding="gzip")
    assert (answer.headers["Content-Type"], answer.headers["Content-Encoding"]) == ("application/gzip", None)


def test_those_beside_may_be_left_alone(connect, route, precompressed) -> None:
    client = connect({"/": route(precompressed=False)})
    answer = client.ask("GET", "/a.css", Accept_Encoding="gzip")
    assert gzip.decompress(answer.body) == TEXT


def test_an_index_has_them_too(client, site: Path) -> None:
    (site / "index.html.gz").write_bytes(b"z")
    answer = client.ask("GET", "/", Accept_Encoding="gzip")
    assert (answer.body, answer.headers["Content-Type"]) == (b"z", "text/html; charset=utf-8")


# -- while it is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", CODINGS)
def test_a_small_text_is_compressed(client, site: Path, coding: str) -> None:
    (site / "a.css").write_bytes(TEXT)
    for _ in range(2):
        answer = client.ask("GET", "/a.css", Accept_Encoding=coding)
        assert coding_and_body(answer) == (coding, compress(TEXT, coding))
        assert answer.headers["Content-Length"] == str(len(answer.body))
    assert coding_and_body(client.ask("GET", "/a.css")) == (None, TEXT)


def test_it_is_compressed_once(client, site: Path, monkeypatch) -> None:
    calls: list[str] = []

    def counted(content: bytes, coding: str) -> bytes:
        calls.append(coding)
        return compress(content, coding)

    monkeypatch.setattr("protocols.http.routes.files.delivery.compress", counted)
    (site / "a.css").write_bytes(TEXT)
    for _ in range(3):
        client.ask("GET", "/a.css", Accept_Encoding="gzip")
        client.ask("GET", "/a.css", Accept_Encoding="br")
        client.clock.advance(2)
    assert calls == ["gzip", "br"]


@pytest.mark.parametrize("name", ["a.png", "a.gz", "a.bin", "a.woff2"])
def test_what_is_compressed_already_is_not_again(client, site: Path, name: str) -> None:
    (site / name).write_bytes(TEXT)
    answer = client.ask("GET", f"/{name}", Accept_Encoding="gzip")
    assert (answer.body, answer.headers["Content-Encoding"], answer.headers["Vary"]) == (TEXT, None, None)


def test_what_is_short_is_not(client, site: Path) -> None:
    for size, coding in ((LEAST - 1, None), (LEAST, "gzip")):
        (site / "a.txt").write_bytes(b"x" * size)
        client.clock.advance(2)
        assert client.ask("GET", "/a.txt", Accept_Encoding="gzip").headers["Content-Encoding"] == coding


def test_compressing_may_be_off(connect, route, site: Path) -> None:
    (site / "a.css").write_bytes(TEXT)
    answer = connect({"/": route(compress=False)}).ask("GET", "/a.css", Accept_Encoding="gzip")
    assert (answer.body, answer.headers["Vary"]) == (TEXT, None)


def test_a_large_text_is_compressed_in_pieces(client, site: Path, clock, descriptors) -> None:
    assert len(LARGE) > SMALL
    (site / "a.css").write_bytes(LARGE)
    before = descriptors()
    client.send(b"GET /a.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
    while not client.wire.value().endswith(b"0\r\n\r\n"):
        clock.wait_for_thread()
        client.turn()
    (answer,) = client.answers()
    coding, body = coding_and_body(answer)
    assert (coding, gzip.decompress(body)) == ("gzip", LARGE)
    assert answer.headers["Content-Length"] is None
    assert descriptors() == before
    tag = answer.headers["ETag"]
    assert client.ask("GET", "/a.css", Accept_Encoding="gzip", If_None_Match=tag).status == 304


def test_a_client_that_leaves_meanwhile(client, site: Path, clock, descriptors, failures) -> None:
    (site / "a.css").write_bytes(LARGE)
    before = descriptors()
    client.send(b"GET /a.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
    clock.wait_for_thread()  # a piece is on its way back
    client.break_off()
    client.turn()
    assert descriptors() == before
    assert failures == []
