"""The heads of scripts, piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.routes.cgi.faults import ScriptError
from protocols.http.routes.cgi.head import FIELDS, HEAD, HeadReader, ScriptHead

WHOLE = b"Status: 404 Not Found\r\nContent-Type: text/plain\r\nX-A:  b \r\n\r\nrest"


def read(*pieces: bytes, whole: bool = False) -> tuple[ScriptHead | None, bytes]:
    reader = HeadReader(whole=whole)
    head = None
    for number, piece in enumerate(pieces):
        head = reader.feed(piece)
        if head is not None:
            return head, reader.rest + b"".join(pieces[number + 1 :])
    return head, reader.rest


def test_a_head() -> None:
    head, rest = read(WHOLE)
    assert head == ScriptHead(404, "text/plain", None, None, (("Content-Type", "text/plain"), ("X-A", "b")))
    assert rest == b"rest"


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=6).map(sorted), bare=st.booleans())
def test_however_it_comes(cuts: list[int], bare: bool) -> None:
    text = WHOLE.replace(b"\r", b"") if bare else WHOLE
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(*pieces) == read(WHOLE)


def test_byte_by_byte() -> None:
    assert read(*(bytes([byte]) for byte in WHOLE)) == read(WHOLE)


@given(st.binary(max_size=200))
def test_anything_is_a_head_or_a_fault(octets: bytes) -> None:
    for whole in (False, True):
        try:
            head, _ = read(octets, b"\n\n", whole=whole)
        except ScriptError:
            continue
        assert head is not None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"\n", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"Content-Type text/plain\n\n", "line 1 "),
        (b"Content-Type: a/b\nX A: b\n\n", "line 2 "),
        (b"Content-Type: a/b\n folded\n\n", "line 2 "),
        (b"Content-Type: a\x00b\n\n", "line 1 "),
        (b"Content-Type: a/b\nX: a\rb\n\n", "line 2 "),
        (b"Content-Type:\n\n", "Content-Type has no value"),
        (b"Content-Type: a/b\nContent-type: a/b\n\n", "more than one Content-type"),
        (b"Status: 200\nStatus: 200\n\n", "more than one Status"),
        (b"Location: /a\nLocation: /b\n\n", "more than one Location"),
        (b"Status: fine\n\n", "three digits"),
        (b"Status: 99\n\n", "three digits"),
        (b"Status: 100 Continue\n\n", "100 is not"),
        (b"Status: 600\n\n", "600 is not"),
        (b"Content-Type: a/b\nContent-Length: -1\n\n", "not a number"),
        (b"Content-Type: a/b\nContent-Length: 1\nContent-Length: 1\n\n", "more than one"),
        (b"X: y\n" * (FIELDS + 1) + b"\n", "more than 200 fields"),
        (b"X: " + b"y" * HEAD, "more than 65536 bytes"),
        (b"X: " + b"y" * HEAD + b"\n\n", "more than 65536 bytes"),
    ],
)
def test_faults(text: bytes, fault: str) -> None:
    with pytest.raises(ScriptError, match=fault):
        read(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"Status: 200\n\n", "not a status line"),
        (b"HTTP/1.1 100 Continue\n\n", "100 is not"),
        (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\nbad\n\n", "line 1 "),
    ],
)
def test_faults_of_whole_heads(text: bytes, fault: str) -> None:
    with pytest.raises(ScriptError, match=fault):
        read(text, whole=True)


def test_a_whole_head() -> None:
    head, rest = read(b"HTTP/1.0 201\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc", whole=True)
    assert head == ScriptHead(201, None, None, 3, (("X-A", "b"), ("Content-Length", "3")))
    assert rest == b"abc"
    head, _ = read(b"HTTP/2 200 OK\n\n", whole=True)
    assert head is not None
    assert head.status == 200
