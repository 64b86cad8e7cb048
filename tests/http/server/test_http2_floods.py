"""Floods: what is cheap to send and dear to read, and what only looks like it."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from h2.errors import ErrorCodes as E
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from protocols.http.server.http2_meter import CONTROLS, RESETS, UPDATES

REQUEST = ((":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/a"))
OPEN_FIELDS = ((":method", "POST"), *REQUEST[1:3], (":path", "/hold"))
BUSY_FIELDS = ((":method", "POST"), *REQUEST[1:3], (":path", "/wait"))

encoder = Encoder()
encoder.header_table_size = 0


def raw(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream: int = 1, fields: Any = REQUEST, *flags: str) -> HeadersFrame:
    return HeadersFrame(stream, encoder.encode(fields), flags=flags or ("END_HEADERS", "END_STREAM"))


OPEN = headers(1, OPEN_FIELDS, "END_HEADERS")
"""A request whose content follows, and which is never answered."""

BUSY = headers(1, BUSY_FIELDS)
"""A request that is whole, and never answered."""


def pairs(count: int) -> list[Any]:
    streams = range(1, 2 * count, 2)
    return [frame for at in streams for frame in (headers(at, OPEN_FIELDS), RstStreamFrame(at))]


FLOODS: dict[str, list[Any]] = {
    "rapid reset": pairs(RESETS + 1),
    "rapid reset in one read": [b"".join(frame.serialize() for frame in pairs(RESETS + 1))],
    "requests beyond the streams": [
        headers(2 * at + 1, OPEN_FIELDS, "END_HEADERS") for at in range(RESETS + 102)
    ],
    "malformed requests": [headers(2 * at + 1, REQUEST[1:]) for at in range(RESETS + 2)],
    "SETTINGS": [SettingsFrame(0)] * (CONTROLS + 1),
    "many settings": [raw(4, 0, 0, b"".join(struct.pack(">HI", at, 1) for at in range(16, 516)))] * 3,
    "PING": [PingFrame(0, b"x" * 8)] * (CONTROLS + 1),
    "PRIORITY": [PriorityFrame(1, 0, 5)] * (CONTROLS + 1),
    "unknown frames": [raw(0x16, 0, 0, b"")] * (CONTROLS + 1),
    "empty DATA": [OPEN, *[DataFrame(1)] * (CONTROLS + 5)],
    "WINDOW_UPDATE": [BUSY, *[WindowUpdateFrame(0, 1)] * (UPDATES + 20)],
    "CONTINUATION": [
        headers(1, REQUEST, "END_STREAM"),
        *[ContinuationFrame(1, b"\0\1x" + b"\x7f\xa1\x7c" + b"y" * 16000)] * 4,
    ],
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood(client, journal, name: str) -> None:
    for frame in FLOODS[name]:
        client.send(frame)
    ((code, _),) = client.goaways
    assert code == E.ENHANCE_YOUR_CALM
    assert client.client.closed
    assert journal.counts.framing_errors == 1


def test_empty_continuations(client) -> None:
    client.send(headers(1, REQUEST, "END_STREAM"), *[ContinuationFrame(1)] * 70)
    assert len(client.goaways) == 1


def test_a_compression_bomb(client) -> None:
    """A few bytes that refer again and again to a long entry of the table."""
    entry = b"\x40\x01x" + b"\x7f\xa1\x1e" + b"y" * 4000
    client.send(headers(1), raw(1, 5, 3, entry + b"\xbe" * 10_000))
    ((code, _),) = client.goaways
    assert code == E.ENHANCE_YOUR_CALM


def test_in_time_more_is_not_too_much(client, clock) -> None:
    for _ in range(5):
        client.send(*[PingFrame(0, b"x" * 8)] * (CONTROLS - 100))
        clock.pump([1] * 10)
    assert client.goaways == []


def test_requests_that_are_answered_are_no_flood(client) -> None:
    for at in range(2000):
        client.send(headers(2 * at + 1), WindowUpdateFrame(0, 1), PingFrame(0, b"x" * 8))
        client.client.wire.clear()
    client.send(headers(4001))
    assert client.body(4001) == b"a"
