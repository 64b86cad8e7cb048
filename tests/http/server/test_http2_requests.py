from __future__ import annotations

import pytest

from protocols.http import Limits
from protocols.http.server.http2_request import MalformedError
from protocols.http.server.http2_requests import KNOWN, RequestReader


def block(path: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    pseudo = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", path.encode())]
    return [*pseudo, *more]


@pytest.fixture
def reader() -> RequestReader:
    return RequestReader("http", Limits())


def test_what_comes_again_is_not_read_again(reader) -> None:
    first = reader.read(block("/a"))
    assert reader.read(iter(block("/a"))) is first
    assert reader.read(block("/b")).path == "/b"
    assert reader.read(block("/a")) is first


def test_how_much_is_kept_is_bounded(reader) -> None:
    for number in range(10 * KNOWN):
        assert reader.read(block(f"/{number}")).path == f"/{number}"
    assert len(reader._known) <= KNOWN


def test_what_is_large_or_wrong_is_not_kept(reader) -> None:
    large = block("/a", *[(b"x-%d" % number, b"") for number in range(KNOWN)])
    assert reader.read(large) is not reader.read(large)
    wrong = [*block("/a")[:3], (b":path", b"//%zz")]
    assert reader.read(wrong).fault is not None
    assert reader._known == {}
    with pytest.raises(MalformedError):
        reader.read([])
