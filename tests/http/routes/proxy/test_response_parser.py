from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.routes.proxy.response_parser import (
    HEADER,
    HEADER_FIELDS,
    BadResponseError,
    ResponseHead,
    ResponseParser,
)


class Recorder:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heads: list[ResponseHead] = []
        self.content = b""
        self.ends = 0

    def head(self, head: ResponseHead) -> None:
        self.heads.append(head)

    def piece(self, piece: bytes) -> None:
        assert self.heads
        self.content += piece

    def end(self) -> None:
        self.ends += 1


def read(
    *pieces: bytes, method: str = "GET", upgrades: bool = False
) -> tuple[Recorder, ResponseParser, bytes]:
    recorder = Recorder()
    parser = ResponseParser(recorder)
    parser.expect(method, upgrades=upgrades)
    rest = b""
    for piece in pieces:
        rest = parser.feed(piece)
    return recorder, parser, rest


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n02\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
)
LENGTH = b"HTTP/1.1 200 OK\r\nX-A:  b \r\nContent-Length: 5\r\n\r\nabcde"


@given(st.sampled_from([CHUNKED, LENGTH]), st.lists(st.integers(0, 100), max_size=5), st.booleans())
def test_however_it_is_cut(response: bytes, cuts: list[int], early: bool) -> None:
    data = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * early + response
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    recorder, parser, _ = read(*(data[a:b] for a, b in pairwise(places)))
    (head,) = recorder.heads
    assert (head.status, recorder.content, recorder.ends) == (200, b"abcde", 1)
    assert (head.keeps, head.until_close, head.empty, parser.surplus) == (True, False, False, False)
    assert head.length == (None if response is CHUNKED else 5)


@given(st.binary(max_size=300))
def test_anything_else_is_refused_or_waited_for(data: bytes) -> None:
    try:
        recorder, _, _ = read(data)
    except BadResponseError:
        return
    assert not recorder.heads or data.startswith(b"HTTP/1")


def test_values_are_without_the_space_around_them() -> None:
    recorder, _, _ = read(LENGTH)
    assert recorder.heads[0].fields == [(b"X-A", b"b"), (b"Content-Length", b"5")]


def test_content_until_the_connection_closes() -> None:
    recorder, _, _ = read(b"HTTP/1.1 200 OK\r\n\r\n", b"abc", b"de")
    (head,) = recorder.heads
    assert (head.until_close, head.keeps, head.length) == (True, False, None)
    assert (recorder.content, recorder.ends) == (b"abcde", 0)


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_the_next_response_after_one_to_head(framing: bytes) -> None:
    recorder, parser, _ = read(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n", method="HEAD")
    assert recorder.ends == 1
    parser.expect("GET")
    parser.feed(LENGTH)
    assert (recorder.ends, recorder.content, parser.surplus) == (2, b"abcde", False)


@pytest.mark.parametrize("surplus", [b"x", LENGTH, b"HTTP/1.1 "])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_nobody_asked_for(surplus: bytes, method: str) -> None:
    response = LENGTH if method == "GET" else LENGTH.removesuffix(b"abcde")
    recorder, parser, _ = read(response + surplus, method=method)
    assert parser.surplus
    assert recorder.ends == len(recorder.heads) == 1


def test_another_protocol() -> None:
    switch = b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    recorder, _, rest = read(switch + b"frames", upgrades=True)
    assert recorder.heads[0].switches
    assert rest == b"frames"
    with pytest.raises(BadResponseError, match="nothing that was asked"):
        read(switch)


def test_whether_anything_has_come() -> None:
    _, parser, _ = read()
    assert not parser.begun
    parser.feed(b"H")
    assert parser.begun


def test_there_is_an_end_to_every_head() -> None:
    for part in (b"X: " + b"y" * 1000, b"y" * 1000):
        with pytest.raises(BadResponseError, match="too long"):
            read(b"HTTP/1.1 200 OK\r\n", *([part] * (HEADER // 1000 + 1)))
    with pytest.raises(BadResponseError, match="too long"):
        read(*([b"HTTP/1.1 100 Continue\r\n\r\n"] * 4000))
    with pytest.raises(BadResponseError, match="too many"):
        read(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (HEADER_FIELDS + 2))


def test_there_is_an_end_to_what_stands_around_chunks() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for part in (b"1;" + b"x" * 1000 + b"\r\na\r\n", b"0\r\nX: " + b"y" * 1000):
        with pytest.raises(BadResponseError, match="too small"):
            read(
                head, part, *([b"1;" + b"x" * 1000 + b"\r\na\r\n" if part[:1] == b"1" else b"y" * 1000] * 70)
            )
    recorder, _, _ = read(head, *([b"1\r\na\r\n"] * 50_000))
    assert len(recorder.content) == 50_000
