"""What breaks the rules of RFC 9113, in the order of its sections, and what only seems to."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from h2.errors import ErrorCodes as E
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from protocols.http.server.http2_meter import PREFACE

REQUEST = ((":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/a"))


def block(fields: Sequence[tuple[str, str]] = REQUEST) -> bytes:
    """`fields`, without a table: any number of them can be sent over one connection."""
    return b"".join(
        b"\x00" + bytes([len(name)]) + name.encode() + _length(len(value)) + value.encode("latin-1")
        for name, value in fields
    )


def _length(size: int) -> bytes:
    if size < 127:
        return bytes([size])
    rest, octets = size - 127, b"\x7f"
    while rest >= 128:
        octets += bytes([rest % 128 | 128])
        rest //= 128
    return octets + bytes([rest])


def headers(stream: int = 1, fields: Sequence[tuple[str, str]] = REQUEST, *flags: str) -> HeadersFrame:
    return HeadersFrame(stream, block(fields), flags=flags or ("END_HEADERS", "END_STREAM"))


OPEN_FIELDS = ((":method", "POST"), *REQUEST[1:3], (":path", "/hold"))
OPEN = headers(1, OPEN_FIELDS, "END_HEADERS")
"""A request whose content follows, and which is never answered."""

SIZE = ((":method", "POST"), *REQUEST[1:3], (":path", "/size"))

BUSY = headers(1, ((":method", "POST"), *REQUEST[1:3], (":path", "/wait")))
"""A request that is whole, and never answered."""


def raw(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


CONNECTION_ERRORS: dict[str, tuple[list[Any], int]] = {
    "4.2 DATA too large": ([OPEN, raw(0, 0, 1, b"x" * 16385)], E.FRAME_SIZE_ERROR),
    "4.2 a size alone is enough": ([OPEN, b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"], E.FRAME_SIZE_ERROR),
    "4.2 HEADERS too large": ([raw(1, 5, 1, b"x" * 16385)], E.FRAME_SIZE_ERROR),
    "4.3 a block that is none": ([raw(1, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff")], E.COMPRESSION_ERROR),
    "4.3 an index too high": ([raw(1, 5, 1, b"\xfe")], E.COMPRESSION_ERROR),
    "4.3 a string cut short": ([raw(1, 5, 1, b"\x00\x7f\x00a")], E.COMPRESSION_ERROR),
    "4.3 a table too large": ([raw(1, 5, 1, b"\x3f\xff\xff\x03" + block())], E.COMPRESSION_ERROR),
    "4.3 another frame inside a block": (
        [headers(1, REQUEST, "END_STREAM"), PingFrame(0, b"x" * 8)],
        E.PROTOCOL_ERROR,
    ),
    "4.3 another stream's inside a block": (
        [headers(1, REQUEST, "END_STREAM"), ContinuationFrame(3, b"", flags=("END_HEADERS",))],
        E.PROTOCOL_ERROR,
    ),
    "5.1 DATA, idle": ([DataFrame(1, b"x")], E.PROTOCOL_ERROR),
    "5.1 RST_STREAM, idle": ([RstStreamFrame(1)], E.PROTOCOL_ERROR),
    "5.1 WINDOW_UPDATE, idle": ([WindowUpdateFrame(1, 10)], E.PROTOCOL_ERROR),
    "5.1 CONTINUATION, idle": ([ContinuationFrame(1, b"")], E.PROTOCOL_ERROR),
    "5.1.1 an even stream": ([headers(2)], E.PROTOCOL_ERROR),
    "5.1.1 an older stream": ([headers(5), headers(3)], E.PROTOCOL_ERROR),
    "6.1 DATA on no stream": ([raw(0, 0, 0, b"x")], E.PROTOCOL_ERROR),
    "6.1 padding longer than the frame": ([OPEN, raw(0, 8, 1, b"\x06xxxxx")], E.PROTOCOL_ERROR),
    "6.2 HEADERS on no stream": ([raw(1, 5, 0, block())], E.PROTOCOL_ERROR),
    "6.2 padding longer than the frame": ([raw(1, 13, 1, b"\xff" + block())], E.PROTOCOL_ERROR),
    "6.3 PRIORITY on no stream": ([raw(2, 0, 0, b"\0\0\0\0\0")], E.PROTOCOL_ERROR),
    "6.3 PRIORITY too short": ([raw(2, 0, 1, b"\0\0\0\0")], E.FRAME_SIZE_ERROR),
    "6.4 RST_STREAM on no stream": ([raw(3, 0, 0, b"\0\0\0\0")], E.PROTOCOL_ERROR),
    "6.4 RST_STREAM too short": ([BUSY, raw(3, 0, 1, b"\0\0\0")], E.FRAME_SIZE_ERROR),
    "6.5 an acknowledgement with values": ([raw(4, 1, 0, b"\0\3\0\0\0\1")], E.FRAME_SIZE_ERROR),
    "6.5 SETTINGS on a stream": ([raw(4, 0, 1, b"\0\3\0\0\0\1")], E.PROTOCOL_ERROR),
    "6.5 half a setting": ([raw(4, 0, 0, b"\0\3\0")], E.FRAME_SIZE_ERROR),
    "6.5.2 ENABLE_PUSH": ([SettingsFrame(0, {2: 2})], E.PROTOCOL_ERROR),
    "6.5.2 INITIAL_WINDOW_SIZE": ([SettingsFrame(0, {4: 2**31})], E.FLOW_CONTROL_ERROR),
    "6.5.2 MAX_FRAME_SIZE too small": ([SettingsFrame(0, {5: 2**14 - 1})], E.PROTOCOL_ERROR),
    "6.5.2 MAX_FRAME_SIZE too large": ([SettingsFrame(0, {5: 2**24})], E.PROTOCOL_ERROR),
    "6.6 PUSH_PROMISE": ([OPEN, raw(5, 4, 1, b"\0\0\0\2" + block())], E.PROTOCOL_ERROR),
    "6.7 PING on a stream": ([raw(6, 0, 1, b"x" * 8)], E.PROTOCOL_ERROR),
    "6.7 PING too short": ([raw(6, 0, 0, b"x" * 6)], E.FRAME_SIZE_ERROR),
    "6.8 GOAWAY on a stream": ([raw(7, 0, 1, b"\0" * 8)], E.PROTOCOL_ERROR),
    "6.9 a window by nothing": ([WindowUpdateFrame(0, 0)], E.PROTOCOL_ERROR),
    "6.9 a stream's window by nothing": ([BUSY, WindowUpdateFrame(1, 0)], E.PROTOCOL_ERROR),
    "6.9 WINDOW_UPDATE too short": ([raw(8, 0, 0, b"\0\0\1")], E.FRAME_SIZE_ERROR),
    "6.9.2 a window too wide by the settings": (
        [BUSY, WindowUpdateFrame(1, 2**31 - 1 - 65535), SettingsFrame(0, {4: 2**31 - 1})],
        E.FLOW_CONTROL_ERROR,
    ),
    "6.10 CONTINUATION of what has ended": ([BUSY, ContinuationFrame(1, block())], E.PROTOCOL_ERROR),
    "8.1 HEADERS of one's own in the middle": (
        [OPEN, headers(1, (("x", "y"),), "END_HEADERS")],
        E.PROTOCOL_ERROR,
    ),
    "8.1.1 less content than announced, in DATA": (
        [
            headers(1, ((":method", "POST"), *REQUEST[1:], ("content-length", "2")), "END_HEADERS"),
            DataFrame(1, b"x", flags=("END_STREAM",)),
        ],
        E.PROTOCOL_ERROR,
    ),
    "8.1.1 two lengths": (
        [headers(1, (*REQUEST, ("content-length", "1"), ("content-length", "2")), "END_HEADERS")],
        E.PROTOCOL_ERROR,
    ),
}


@pytest.mark.parametrize("name", CONNECTION_ERRORS)
def test_what_ends_the_connection(client, journal, name: str) -> None:
    frames, code = CONNECTION_ERRORS[name]
    client.send(*frames)
    ((said, _),) = client.goaways
    assert said == code
    assert client.client.closed
    assert journal.counts.framing_errors == 1
    client.client.wire.clear()
    client.send(PingFrame(0, b"x" * 8))
    assert client.client.wire.value() == b""


def test_a_preface_that_is_none_where_tls_has_said_http2(connect, routes) -> None:
    client = connect(routes)
    client.wire.negotiatedProtocol = b"h2"
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.closed
    assert b"HTTP/1.1" not in client.wire.value()


def test_http_1_where_tls_has_said_so_whatever_the_preface(connect, routes) -> None:
    client = connect(routes)
    client.wire.negotiatedProtocol = b"http/1.1"
    client.send(PREFACE)
    assert client.wire.value().startswith(b"HTTP/1.1 ")


STREAM_ERRORS: dict[str, tuple[list[Any], int]] = {
    "5.1 DATA, half closed": ([BUSY, DataFrame(1, b"x")], E.STREAM_CLOSED),
    "5.1 HEADERS, half closed": ([BUSY, headers(1)], E.STREAM_CLOSED),
    "8.1.1 content that was not announced": (
        [headers(1, (*REQUEST, ("content-length", "5")))],
        E.PROTOCOL_ERROR,
    ),
    "8.1.1 less content than announced, in trailers": (
        [
            headers(
                1,
                ((":method", "POST"), *REQUEST[1:3], (":path", "/size"), ("content-length", "2")),
                "END_HEADERS",
            ),
            DataFrame(1, b"x"),
            headers(1, (("a", "b"),)),
        ],
        E.PROTOCOL_ERROR,
    ),
    "8.1 pseudo fields in trailers": ([OPEN, headers(1, ((":method", "GET"),))], E.PROTOCOL_ERROR),
    "8.2.1 upper case in trailers": ([OPEN, headers(1, (("X", "y"),))], E.PROTOCOL_ERROR),
}


@pytest.mark.parametrize("name", STREAM_ERRORS)
def test_what_ends_a_stream_and_no_other(client, name: str) -> None:
    frames, code = STREAM_ERRORS[name]
    client.send(*frames)
    assert client.resets == [(1, code)]
    client.send(headers(3))
    assert client.body(3) == b"a"
    assert client.goaways == []


PSEUDO = dict(REQUEST)
MALFORMED: dict[str, Sequence[tuple[str, str]]] = {
    "upper case": (*REQUEST, ("X-Y", "z")),
    "a name of nothing": (*REQUEST, ("", "z")),
    "a space in a name": (*REQUEST, ("x y", "z")),
    "a colon in a name": (*REQUEST, ("x:y", "z")),
    "a line end in a value": (*REQUEST, ("x", "y\r\nz: 1")),
    "a zero in a value": (*REQUEST, ("x", "\0")),
    "space around a value": (*REQUEST, ("x", " y")),
    "space behind a value": (*REQUEST, ("x", "y\t")),
    "connection": (*REQUEST, ("connection", "keep-alive")),
    "keep-alive": (*REQUEST, ("keep-alive", "1")),
    "proxy-connection": (*REQUEST, ("proxy-connection", "close")),
    "transfer-encoding": (*REQUEST, ("transfer-encoding", "chunked")),
    "upgrade": (*REQUEST, ("upgrade", "websocket")),
    "te": (*REQUEST, ("te", "trailers, deflate;q=0.5")),
    "an unknown pseudo field": (*REQUEST, (":test", "x")),
    "one of responses": (*REQUEST, (":status", "200")),
    "one behind the others": (*REQUEST[:3], ("x", "y"), REQUEST[3]),
    "the same twice": (*REQUEST, (":path", "/a")),
    "no method": REQUEST[1:],
    "a method that is none": ((":method", "G T"), *REQUEST[1:]),
    "no scheme": (REQUEST[0], *REQUEST[2:]),
    "no path": REQUEST[:3],
    "an empty path": (*REQUEST[:3], (":path", "")),
    "another host": (*REQUEST, ("host", "b.test")),
    "two hosts": (REQUEST[0], REQUEST[1], REQUEST[3], ("host", "a"), ("host", "a")),
    "CONNECT with a path": ((":method", "CONNECT"), *REQUEST[1:]),
    "CONNECT without a host": ((":method", "CONNECT"),),
    "another protocol without CONNECT": (*REQUEST, (":protocol", "websocket")),
    "another protocol without a path": (
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":authority", "a"),
        (":scheme", "http"),
    ),
    "another protocol that is none": ((":method", "CONNECT"), (":protocol", "a b"), *REQUEST[1:]),
    "a length that is none": (*REQUEST, ("content-length", "+1")),
    "the same length twice": (*REQUEST, ("content-length", "0"), ("content-length", "0")),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_ends_its_stream_only(client, name: str) -> None:
    client.send(BUSY, headers(3, MALFORMED[name]))
    if "length that" in name:
        assert client.goaways == [(E.PROTOCOL_ERROR, 3)]  # h2 reads lengths, and is strict
        return
    assert client.resets == [(3, E.PROTOCOL_ERROR)]
    client.send(headers(5))
    assert client.body(5) == b"a"


def fields(**changed: str) -> list[tuple[str, str]]:
    return [(name, changed.get(name[1:], value)) for name, value in REQUEST]


@pytest.mark.parametrize(
    ("request_fields", "status"),
    [
        (fields(path="a"), "400"),
        (fields(path="http://a.test/a"), "400"),
        (fields(path="/%zz"), "400"),
        (fields(path="/a/../b"), "400"),
        (fields(path="*"), "400"),
        (fields(path="/nowhere"), "404"),
        (fields(path="/" + "a" * 8192), "414"),
        (fields(scheme="https"), "421"),
        (fields(method="BREW"), "501"),
        (fields(method="TRACE"), "405"),
        (fields(method="POST"), "405"),
        (fields(authority="a b"), "400"),
        (fields(authority="u@a.test/"), "400"),
        ([REQUEST[0], REQUEST[1], REQUEST[3]], "400"),
        ([(":method", "CONNECT"), (":authority", "a.test:443")], "501"),
        ([*REQUEST, *[("x", "y")] * 101], "431"),
        ([*REQUEST, ("x", "y" * 32768)], "431"),
    ],
)
def test_a_request_that_is_refused_in_words(client, request_fields, status: str) -> None:
    encoded = block(request_fields)
    first = HeadersFrame(1, encoded[:16000], flags=["END_STREAM"])
    rest = [encoded[at : at + 16000] for at in range(16000, len(encoded), 16000)]
    frames = [first, *(ContinuationFrame(1, piece) for piece in rest)]
    frames[-1].flags.add("END_HEADERS")
    client.send(*frames)
    assert client.status(1) == status
    client.send(headers(3))
    assert client.body(3) == b"a"


def test_as_many_fields_as_may_be(client) -> None:
    client.send(headers(1, [*REQUEST, *[("x", "y")] * 99]))
    assert client.status(1) == "200"


HARMLESS: dict[str, list[Any]] = {
    "4.1 a frame of an unknown kind": [raw(0x16, 0xFF, 0, b"x" * 8)],
    "4.1 a frame of an unknown kind on a stream": [BUSY, raw(0x16, 0xFF, 1, b"")],
    "4.1 flags that mean nothing": [raw(6, 0x16, 0, b"x" * 8)],
    "4.1 the reserved bit": [raw(6, 0, 2**31, b"x" * 8)],
    "5.1 PRIORITY, idle": [PriorityFrame(9, 3, 5)],
    "5.1 PRIORITY, closed": [headers(1), PriorityFrame(1, 0, 5)],
    "5.1 WINDOW_UPDATE, closed": [headers(1), WindowUpdateFrame(1, 10)],
    "5.1 RST_STREAM, closed": [headers(1), RstStreamFrame(1)],
    "5.4 an unknown error code": [BUSY, RstStreamFrame(1, 0xFF)],
    "6.2 a priority with the header": [raw(1, 0x25, 1, b"\0\0\0\0\x10" + block())],
    "6.2 padding": [raw(1, 0xD, 1, b"\2" + block() + b"\0\0")],
    "6.5 an unknown setting": [SettingsFrame(0, {0xFF: 1})],
    "6.5 no settings": [SettingsFrame(0)],
    "6.8 GOAWAY, with an unknown code": [BUSY, GoAwayFrame(0, error_code=0xFF)],
    "6.10 a header in several frames": [
        headers(1, REQUEST[:2], "END_STREAM"),
        ContinuationFrame(1, block(REQUEST[2:3])),
        ContinuationFrame(1, block(REQUEST[3:]), flags=["END_HEADERS"]),
    ],
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_taken_as_it_is(client, journal, name: str) -> None:
    client.send(*HARMLESS[name])
    client.send(PingFrame(0, b"after it"))
    assert b"after it" in [frame.opaque_data for frame in client.heard(PingFrame)]
    assert client.goaways == client.resets == []
    client.send(headers(11))
    assert client.body(11) == b"a"
    assert journal.counts.framing_errors == 0


def test_settings_are_acknowledged_and_acknowledgements_are_not(client) -> None:
    client.send(
        SettingsFrame(0, {4: 1000}), SettingsFrame(0, flags=["ACK"]), PingFrame(0, b"x" * 8, flags=["ACK"])
    )
    assert [bool(frame.flags) for frame in client.heard(SettingsFrame)] == [False, True, True]
    assert client.heard(PingFrame) == []


def test_a_window_below_zero(client) -> None:
    client.send(headers(1, fields(path="/big")))
    assert len(client.body(1)) == 65535
    client.send(SettingsFrame(0, {4: 1000}), WindowUpdateFrame(0, 2**20))
    client.send(WindowUpdateFrame(1, 64535))
    assert len(client.body(1)) == 65535
    client.send(WindowUpdateFrame(1, 5))
    assert len(client.body(1)) == 65540


def test_frames_that_crossed_with_a_reset_of_ours(client) -> None:
    client.send(headers(1, fields(method="POST", path="/nowhere"), "END_HEADERS"))
    assert client.resets == [(1, E.NO_ERROR)]
    client.send(DataFrame(1, b"x" * 100), WindowUpdateFrame(1, 5), headers(1, (("sum", "1"),)))
    assert client.goaways == []
    client.send(headers(3))
    assert client.body(3) == b"a"


def test_more_streams_than_there_may_be(raw_client) -> None:
    client = raw_client(streams=2)
    waiting = fields(method="POST", path="/wait")
    client.send(*[headers(stream, waiting) for stream in (1, 3, 5, 7)], headers(9))
    assert client.resets == [(5, E.REFUSED_STREAM), (7, E.REFUSED_STREAM), (9, E.REFUSED_STREAM)]
    client.send(RstStreamFrame(3), headers(11))
    assert client.body(11) == b"a"


def test_a_request_taken_back_before_it_is_looked_at_is_not_answered(client, calls) -> None:
    client.send(BUSY, RstStreamFrame(1))
    assert calls == []
    assert client.heard(HeadersFrame) == []


def test_a_request_taken_back_cancels_its_call(client, calls) -> None:
    client.send(BUSY)
    client.send(RstStreamFrame(1, E.CANCEL))
    assert calls[0].called


def test_an_answer_behind_goaway(client, calls) -> None:
    client.send(BUSY, GoAwayFrame(0))
    assert not client.client.closed
    calls[0].callback(b"w")
    client.send(b"")
    assert client.body(1) == b"w"
    assert client.client.closed
