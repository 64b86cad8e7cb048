"""The bytes of requests, in any pieces, and what they are taken for."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Limits
from protocols.http.server.request_parser import CHUNK_OVERHEAD, BadRequestError, RequestParser

_spec = spec_from_file_location("malformed", Path(__file__).with_name("malformed.py"))
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
CORPUS = _module.corpus

SMALL = Limits(request_line=40, header=120, header_fields=4)


class Heard:
    """Notes what it hears; content is joined, for the pieces depend on how it came."""

    def __init__(self):
        self.events = []
        self.content = b""

    def head(self, head):
        self.events.append(
            (head.method, head.target, head.version, head.fields, head.length, head.keeps, head.upgrade)
        )

    def piece(self, piece):
        self.content += piece

    def end(self, trailers):
        self.events.append((self.content, trailers))
        self.content = b""


def heard(pieces, limits=SMALL):
    """The events of `pieces`, and the refusal at the end, if there was one."""
    listener = Heard()
    parser = RequestParser(limits, listener)
    try:
        for piece in pieces:
            rest = parser.feed(piece)
            while rest is not None:
                rest = parser.go_on(rest)
    except BadRequestError as error:
        return listener.events, error.status
    return listener.events, None


def feed_often(parser, data, times):
    for _ in range(times):
        parser.feed(data)


def head(method, target, *fields, length=0, keeps=True, upgrade=b"", version="1.1"):
    return (method, target, version, list(fields), length, keeps, upgrade)


HOST = (b"host", b"a")
STREAM = (
    b"\r\nGET /a?b HTTP/1.1\r\nhoST: a\r\nX:  y \t\r\n\r\n"
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: z\r\n\r\n"
    b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    b"POST /v HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi"
    b"GET / HTTP/1.0\r\n\r\n"
)
EXPECTED = [
    head("GET", b"/a?b", HOST, (b"x", b"y")),
    (b"", []),
    head("POST", b"/", HOST, (b"content-length", b"3"), length=3),
    (b"abc", []),
    head("POST", b"/", HOST, (b"transfer-encoding", b"Chunked"), length=None),
    (b"abcd", [(b"t", b"z")]),
    head("GET", b"/u", HOST, (b"connection", b"upgrade"), (b"upgrade", b"WebSocket"), upgrade=b"websocket"),
    (b"", []),
    head(
        "POST",
        b"/v",
        HOST,
        (b"connection", b"upgrade"),
        (b"upgrade", b"h2c"),
        (b"content-length", b"2"),
        length=2,
    ),
    (b"hi", []),
    head("GET", b"/", keeps=False, version="1.0"),
    (b"", []),
]


def test_requests_in_one_piece():
    assert heard([STREAM]) == (EXPECTED, None)


def test_requests_byte_by_byte():
    assert heard([bytes([byte]) for byte in STREAM]) == (EXPECTED, None)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_requests_in_any_pieces(cuts):
    ends = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(ends) if a < b]
    assert heard(pieces) == (EXPECTED, None)


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_no_request(name):
    data, status = CORPUS[name]
    events, refused = heard([data + b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"], Limits())
    if refused is None:
        # The site refuses what is a request, but for nothing that there could be.
        assert events[0][1] in (b"a", b"/%zz", b"/../a", b"/%2e%2e/a", b"/a#b", b"http://b/")
    else:
        assert refused == status
        assert all(event[1] != b"/behind" for event in events)


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_no_request_in_pieces(name):
    data, _ = CORPUS[name]
    whole, _ = heard([data], Limits())
    pieces, _ = heard([data[i : i + 1] for i in range(len(data))], Limits())
    assert whole == pieces


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 40, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 120 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 4 + b"\r\n", 431),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
            + b"y" * 120
            + b"\r\n\r\n",
            431,
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_limits(data, status, size):
    assert heard([data[i : i + size] for i in range(0, len(data), size)])[1] == status


def test_a_field_that_never_ends_is_refused_before_it_does():
    parser = RequestParser(SMALL, Heard())
    parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    with pytest.raises(BadRequestError, match="431"):
        feed_often(parser, b"y" * 10, 17)


def test_extensions_that_never_end_are_refused():
    parser = RequestParser(Limits(), Heard())
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    with pytest.raises(BadRequestError, match="400"):
        feed_often(parser, b"x" * 1000, CHUNK_OVERHEAD // 1000 + 1)


def test_small_chunks_are_no_flood():
    listener = Heard()
    parser = RequestParser(Limits(), listener)
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(2 * CHUNK_OVERHEAD):
        parser.feed(b"1\r\nx\r\n")
    assert len(listener.content) == 2 * CHUNK_OVERHEAD


def test_an_error_of_the_listener_is_its_own():
    listener = Heard()
    listener.head = lambda head: 1 / 0
    with pytest.raises(ZeroDivisionError):
        RequestParser(Limits(), listener).feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
