"""Bodies compressed while they are sent."""

from __future__ import annotations

import gzip
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from protocols.handlers.threads import ThreadPool
from protocols.http import compression
from protocols.http.compression import CODINGS, CompressedSource, compress, is_compressible
from protocols.http.source import OctetsSource, Source


def _unzstd(data: bytes) -> bytes:
    zstd = compression._zstd_module()
    return bytes(zstd.decompress(data))


def _unbrotli(data: bytes) -> bytes:
    import brotli

    return bytes(brotli.decompress(data))


DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": _unzstd,
    "br": _unbrotli,
}

TEXT = b"".join(b"line %d of many\n" % number for number in range(30_000))


class Held(Source):
    """A body whose one piece comes when it is told to."""

    closed = 0

    def __init__(self) -> None:
        self.waiting: Deferred[bytes | None] = Deferred()

    def read(self) -> Deferred[bytes | None]:
        return self.waiting

    def close(self) -> None:
        self.closed += 1


def read_whole(source: Source) -> list[bytes]:
    pieces = []
    while (piece := source.read()) is not None:
        assert isinstance(piece, bytes)
        pieces.append(piece)
    return pieces


@pytest.fixture
def threads(clock):
    pool = ThreadPool(clock, 1, "test")
    yield pool
    pool.stop()


def test_all_of_them_are_tested() -> None:
    assert CODINGS == ("zstd", "br", "gzip")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("content", [b"", b"x", TEXT])
def test_what_is_compressed_is_the_same_again(coding: str, content: bytes) -> None:
    assert DECODERS[coding](compress(content, coding)) == content
    assert compress(content, coding) == compress(content, coding)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("content", [b"", b"x", TEXT])
def test_so_it_is_piece_by_piece(coding: str, content: bytes) -> None:
    source = CompressedSource(OctetsSource(content), coding)
    assert source.length is None
    pieces = read_whole(source)
    assert DECODERS[coding](b"".join(pieces)) == content
    assert source.read() is None
    source.close()


@pytest.mark.parametrize("coding", CODINGS)
def test_it_does_not_wait_for_the_end(coding: str) -> None:
    source = CompressedSource(OctetsSource(TEXT * 10), coding)
    pieces = read_whole(source)
    # Not all of it is held back until the last piece.
    assert len(pieces[-1]) < sum(map(len, pieces)) / 2
    source.close()


@pytest.mark.parametrize("coding", CODINGS)
def test_threads_may_do_it(coding: str, threads, clock) -> None:
    source = CompressedSource(OctetsSource(TEXT), coding, threads)
    pieces: list[Any] = []
    while not pieces or pieces[-1] is not None:
        outcome = source.read()
        assert isinstance(outcome, Deferred)
        outcome.addBoth(pieces.append)
        clock.wait_for_thread()
        clock.advance(0)
        if source.read is None or source._over:
            break
    assert DECODERS[coding](b"".join(pieces)) == TEXT
    assert source.read() is None
    source.close()


def test_closing_gives_up_what_is_waited_for() -> None:
    held = Held()
    source = CompressedSource(held, "gzip")
    outcome = source.read()
    assert isinstance(outcome, Deferred)
    errors: list[Any] = []
    outcome.addErrback(errors.append)
    source.close()
    assert held.closed == 1
    assert errors[0].check(CancelledError)


def test_an_error_of_the_source_is_passed_on() -> None:
    held = Held()
    source = CompressedSource(held, "gzip")
    outcome = source.read()
    assert isinstance(outcome, Deferred)
    errors: list[Any] = []
    outcome.addErrback(errors.append)
    held.waiting.errback(EOFError("short"))
    assert errors[0].check(EOFError)
    source.close()


def test_without_the_libraries_there_is_gzip(monkeypatch) -> None:
    for name in ("brotli", "backports", "backports.zstd", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    specification = importlib.util.find_spec("protocols.http.compression")
    assert specification is not None
    assert specification.loader is not None
    bare = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(bare)
    assert bare.CODINGS == ("gzip",)
    assert gzip.decompress(bare.compress(TEXT, "gzip")) == TEXT


@pytest.mark.parametrize(
    ("media", "compressible"),
    [
        ("text/html; charset=utf-8", True),
        ("TEXT/CSS", True),
        ("application/json", True),
        ("application/ld+json", True),
        ("image/svg+xml", True),
        ("application/wasm", True),
        ("image/png", False),
        ("application/gzip", False),
        ("application/octet-stream", False),
        ("", False),
        (None, False),
    ],
)
def test_types(media: str | None, compressible: bool) -> None:
    assert is_compressible(media) is compressible
