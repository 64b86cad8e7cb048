"""HTTP/1, HTTP/2 and WebSockets: whole connections, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from http_corpus import (
    DEFLATING,
    FRAMES,
    HANDSHAKE,
    HTTP2_TOKENS,
    REQUESTS,
    SOCKET_TOKENS,
    WORDS,
    deflated,
    frames,
    malformed,
)
from http_site import Site
from hyperframe.frame import (
    Frame,
    GoAwayFrame,
    RstStreamFrame,
)
from websockets.frames import BINARY, TEXT

from protocols.http.server.http2_meter import PREFACE

SITE = Site()


def _ask(pieces: list[bytes]) -> str:
    said = SITE.converse(pieces)
    if not said:
        return "nothing said"
    assert said.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ", b"\0\0")), said[:80]
    status = said[9:12].decode("latin-1")
    assert status not in ("500", "503"), said[:200]
    return status if said.startswith(b"HTTP/") else "HTTP/2"


def _ask2(pieces: list[bytes]) -> str:
    said = SITE.converse([PREFACE, *pieces])
    outcome = "answered"
    while said:
        frame, length = Frame.parse_frame_header(memoryview(said[:9]))
        if isinstance(frame, GoAwayFrame | RstStreamFrame):
            frame.parse_body(memoryview(said[9 : 9 + length]))
            assert frame.error_code != 2, "INTERNAL_ERROR"
            if frame.error_code:
                outcome = f"{type(frame).__name__.removesuffix('Frame')} {frame.error_code}"
        assert len(said) >= 9 + length, "half a frame"
        said = said[9 + length :]
    return outcome


def _talk(handshake: bytes) -> Callable[[list[bytes]], str]:
    def check(pieces: list[bytes]) -> str:
        said = SITE.converse([handshake, *pieces])
        head, _, frames = said.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        opcode = code = 0
        while frames:
            opcode, length = frames[0] & 0x0F, frames[1]
            assert not length & 0x80, "masked"
            size = {126: 2, 127: 8}.get(length, 0)
            start = 2 + size
            if size:
                length = int.from_bytes(frames[2:start], "big")
            assert len(frames) >= start + length, "half a frame"
            code = int.from_bytes(frames[start : start + 2], "big")
            frames = frames[start + length :]
        assert code != 1011 or opcode != 8 or b"ping" in said, "INTERNAL_ERROR"
        return f"closed with {code}" if opcode == 8 else "no Close"

    return check


HTTP_TARGETS: list[tuple[Any, ...]] = [
    ("http1", [*REQUESTS * 8, *malformed()], WORDS, _ask, 6),
    ("http2", frames(), HTTP2_TOKENS, _ask2, 2),
    ("websocket", [FRAMES, FRAMES * 2], SOCKET_TOKENS, _talk(HANDSHAKE + b"\r\n"), 3),
    (
        "websocket-deflated",
        [deflated(TEXT, b"hello " * 20) + FRAMES, deflated(BINARY, bytes(5000))],
        SOCKET_TOKENS,
        _talk(DEFLATING),
        2,
    ),
]
