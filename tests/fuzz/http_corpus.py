"""What clients of HTTP/1, HTTP/2 and WebSockets say."""

from __future__ import annotations

import zlib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Opcode

from protocols.http.server.http2_meter import PREFACE


def malformed() -> list[bytes]:
    """The requests that are none, of the tests of HTTP/1."""
    file = Path(__file__).parent.parent / "http" / "server" / "malformed.py"
    spec = spec_from_file_location("malformed", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return [data for data, _ in module.corpus.values() if len(data) < 5000]


_HOST = b" HTTP/1.1\r\nHost: a.test\r\n"
_MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b\r\nContent-Disposition: form-data; '
    b'name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n--b--\r\n'
)


def _with(line: bytes, content: bytes, kind: bytes) -> bytes:
    length = str(len(content)).encode()
    return line + _HOST + b"Content-Type: " + kind + b"\r\nContent-Length: " + length + b"\r\n\r\n" + content


HANDSHAKE = (
    b"GET /live" + _HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
DEFLATING = HANDSHAKE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"


def _frame(opcode: Opcode, data: bytes, first: int = 0x80) -> bytes:
    """A short frame, masked with zeros."""
    return bytes([first | opcode, 0x80 | len(data)]) + bytes(4) + data


FRAMES = b"".join(
    _frame(opcode, data, 0x80 if fin else 0)
    for opcode, data, fin in [
        (TEXT, b"hello", True),
        (BINARY, b"\0\1\2", True),
        (TEXT, "hé".encode(), False),
        (PING, b"p", True),
        (CONT, b"llo", True),
        (PONG, b"", True),
        (CLOSE, b"\x03\xe8bye", True),
    ]
)

REQUESTS = [
    b"GET /" + _HOST + b"\r\n",
    (b"GET /" + _HOST + b"\r\n") * 3,
    b"GET /echo?a=1&b=%C3%A9&c" + _HOST + b'Cookie: a="1"; b=2\r\nAccept-Encoding: gzip;q=0, *\r\n\r\n',
    b"HEAD /shout" + _HOST + b"Connection: close\r\n\r\n",
    b"OPTIONS *" + _HOST + b"\r\n",
    b"GET /" + b" HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /shout" + _HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET /" + _HOST + b"\r\n",
    b"POST /count" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nSum: 5\r\n\r\n",
    _with(b"POST /typed", b'{"a": [1, 2], "b": []}', b"application/json"),
    _with(b"POST /add", b'{"first": 1, "second": 2}', b"application/json"),
    _with(b"POST /add", b"first=1&second=2", b"application/x-www-form-urlencoded"),
    b"GET /add?first=1&second=2" + _HOST + b"\r\n",
    _with(b"POST /form", _MULTIPART, b"multipart/form-data; boundary=b"),
    _with(b"POST /form", b"a=1&b=2&a=3", b"application/x-www-form-urlencoded"),
    HANDSHAKE + b"\r\n" + FRAMES,
    PREFACE + SettingsFrame(0).serialize(),
]
WORDS = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b'"',
        b"%",
        b"%00",
        b"%2e%2e/",
        b"//",
    ),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    ),
    *(
        b"Host: b\r\n",
        b"Range: bytes=0-\r\n",
        b"Content-Type: \xff\r\n",
        b"Content-Encoding: gzip\r\n",
        b"--b",
        b"--b--",
    ),
    *(
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"-1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HTTP/1.1",
        b"\x80\xff",
        b"x" * 600,
    ),
]


def frames() -> list[bytes]:
    """What clients of HTTP/2 send behind the preface."""

    def fields(method: str, path: str, *more: tuple[str, str]) -> bytes:
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path)]
        block: bytes = Encoder().encode([*pseudo, *more])
        return block

    settings = SettingsFrame(0, settings={3: 100, 4: 70_000})
    get = HeadersFrame(1, fields("GET", "/echo?a=b"), flags=["END_HEADERS", "END_STREAM"])
    post = HeadersFrame(3, fields("POST", "/shout", ("content-length", "5")), flags=["END_HEADERS"])
    data = DataFrame(3, b"hello", flags=["END_STREAM"])
    split = fields("GET", "/")
    begun = HeadersFrame(5, split[:5], flags=["END_STREAM"])
    rest = ContinuationFrame(5, split[5:], flags=["END_HEADERS"])
    padded = HeadersFrame(7, fields("POST", "/count"), flags=["END_HEADERS", "PADDED"], pad_length=3)
    trailers = HeadersFrame(7, Encoder().encode([("sum", "5")]), flags=["END_HEADERS", "END_STREAM"])
    tunnel = HeadersFrame(
        9, fields("CONNECT", "/live", (":protocol", "websocket"), ("sec-websocket-version", "13"))
    )
    tunnel.flags.add("END_HEADERS")
    conversations: list[list[Frame]] = [
        [settings, get],
        [settings, post, data],
        [settings, begun, rest],
        [settings, padded, DataFrame(7, b"abc", flags=["PADDED"], pad_length=9), trailers],
        [settings, post, RstStreamFrame(3, 8), get],
        [settings, PingFrame(0, b"12345678"), WindowUpdateFrame(0, 1000), PriorityFrame(3, 1, 5, True)],
        [settings, SettingsFrame(0, flags=["ACK"]), get, GoAwayFrame(0, 1, 0, b"bye")],
        [settings, tunnel, DataFrame(9, FRAMES)],
    ]
    return [b"".join(frame.serialize() for frame in frames) for frames in conversations]


HTTP2_TOKENS = [
    frame.serialize()
    for frame in (
        SettingsFrame(0, flags=["ACK"]),
        SettingsFrame(0, settings={4: 0}),
        SettingsFrame(0, settings={1: 0}),
        WindowUpdateFrame(1, 2**31 - 1),
        WindowUpdateFrame(0, 2**31 - 1),
        DataFrame(1, b""),
        DataFrame(1, b"", flags=["END_STREAM"]),
        RstStreamFrame(1, 8),
        PingFrame(0, b"12345678"),
    )
] + [
    b"\0\0\0\0\0\0\0\0\1",
    b"\0\0\5\1\5\0\0\0\xff",
    b"\0\xff\xff\0\0\0\0\0\1",
    b"\x3f\xe1\xff\xff\xff\x0f",
    b"\x20",
]


def deflated(opcode: Opcode, data: bytes) -> bytes:
    """A compressed frame (RFC 7692, section 7.2.1)."""
    compressor = zlib.compressobj(wbits=-15)
    content = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return _frame(opcode, content.removesuffix(b"\0\0\xff\xff"), 0xC0)


SOCKET_TOKENS = [
    b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0",
    b"\x80\x80\0\0\0\0",
    b"\x88\x80\0\0\0\0",
    b"\x89\xfe\xff\xff",
]
SOCKET_TOKENS += [
    b"\xc1\x81\0\0\0\0",
    b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xe7",
]
