"""HTTP/1, HTTP/2 and WebSockets: whole connections, in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

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
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Opcode
from zope.interface import implementer

from protocols.handlers import FunctionHandler
from protocols.http import (
    HTTPFactory,
    Limits,
    Request,
    RespondRoute,
    Response,
    StreamingRequest,
    WebSocketRoute,
    function_route,
)
from protocols.http.contract import METHODS
from protocols.http.server.http2_meter import PREFACE
from protocols.http.websocket import Endpoint, Settings
from protocols.journal import Journal

TURNS = 5
GIVEN_UP = 400.0
"""Seconds after which no peer that says nothing is waited for any more, whatever it was about to do."""


@implementer(IHalfCloseableDescriptor)
class Wire(StringTransport):
    """A transport that is read to its end, and remembers how it was closed."""

    over = False

    def __init__(self, protocol: Any) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.7", 4321))
        self._protocol = protocol

    def loseConnection(self) -> None:  # noqa: N802 - the names are Twisted's
        super().loseConnection()
        self.over = True

    def loseWriteConnection(self) -> None:  # noqa: N802
        if not self.over:
            self._protocol.writeConnectionLost()

    def abortConnection(self) -> None:  # noqa: N802
        self.over = True

    def readConnectionLost(self, reason: Failure) -> None:  # noqa: N802
        raise AssertionError("not asked for")

    def writeConnectionLost(self, reason: Failure) -> None:  # noqa: N802
        raise AssertionError("not asked for")

    @property
    def listens(self) -> bool:
        """Whether more may be delivered."""
        return self.producerState == "producing" and not self.over


def shout(message: bytes) -> bytes:
    return message.upper()


def add(first: int, second: int) -> int:
    return first + second


def typed(message: dict[str, list[int]]) -> dict[str, int]:
    return {name: sum(numbers) for name, numbers in message.items()}


def form(request: Request) -> Response:
    with request.form() as read:
        return Response(f"{list(read)} {read.uploads()}")


async def count(request: StreamingRequest) -> Response:
    total = 0
    async for piece in request.body:
        total += len(piece)
    return Response(f"{total} {request.body.trailers.get('sum')}")


def echo(request: Request) -> Response:
    return Response({"query": str(request.query), "host": request.host, "cookies": str(request.cookies)})


class Site:
    """Every kind of route that reads what a client sends, on one clock."""

    def __init__(self) -> None:
        self.clock = clock = Clock()
        self.journal = journal = Journal("fuzzed")

        def route(function: Any, path: str) -> Any:
            return function_route(
                function, path=path, reactor=clock, journal=journal, run="loop", methods=METHODS
            )

        endpoint = Endpoint(clock=clock, journal=journal, settings=Settings(limit=4096))
        shouting: Any = FunctionHandler(shout, reactor=clock, run="loop")
        self.factory = HTTPFactory(
            {
                "/": RespondRoute("root"),
                "/shout": route(shout, "/shout"),
                "/add": route(add, "/add"),
                "/typed": route(typed, "/typed"),
                "/form": route(form, "/form"),
                "/count": route(count, "/count"),
                "/echo": route(echo, "/echo"),
                "/live": WebSocketRoute(shouting, endpoint),
            },
            journal=journal,
            clock=clock,
            limits=Limits(body=4096, request_line=512, header=2048, header_fields=20, requests=50),
        )

    def converse(self, pieces: list[bytes]) -> bytes:
        """What is said to a client that says `pieces`, shuts down its side, and waits.

        Whatever it has said: in the end the connection is closed, and nobody remembers it.
        """
        factory, clock = self.factory, self.clock
        self.journal.counts.failures = 0
        protocol: Any = factory.buildProtocol(None)
        wire = Wire(protocol)
        protocol.makeConnection(wire)
        for piece in pieces:
            if not wire.listens:
                clock.advance(0)
                if not wire.listens:
                    break
            protocol.dataReceived(piece)
        for _ in range(TURNS):
            clock.advance(0)
        if not wire.over:
            protocol.readConnectionLost()
        for _ in range(TURNS):
            clock.advance(GIVEN_UP / TURNS)
        assert wire.over, "it waits for ever"
        protocol.connectionLost(Failure(ConnectionDone()))
        clock.advance(0)
        assert not factory.connections, "it is remembered"
        assert not clock.getDelayedCalls(), "a timer of it is left"
        assert not self.journal.counts.failures, "it is logged as a failure"
        said = wire.value()
        assert b"Traceback" not in said
        return said


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
    kinds = set()
    while said:
        frame, length = Frame.parse_frame_header(memoryview(said[:9]))
        kinds.add(type(frame).__name__)
        if isinstance(frame, GoAwayFrame):
            frame.parse_body(memoryview(said[9 : 9 + length]))
            assert frame.error_code != 2, "INTERNAL_ERROR"
        assert len(said) >= 9 + length, "half a frame"
        said = said[9 + length :]
    return "GOAWAY" if "GoAwayFrame" in kinds else "RST_STREAM" if "RstStreamFrame" in kinds else "answered"


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


def _malformed() -> list[bytes]:
    """The requests that are none, of the tests of HTTP/1."""
    file = Path(__file__).parent.parent / "http" / "server" / "malformed.py"
    spec = spec_from_file_location("malformed", file)
    assert spec is not None and spec.loader is not None
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


_HANDSHAKE = (
    b"GET /live" + _HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_DEFLATING = _HANDSHAKE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"



def _frame(opcode: Opcode, data: bytes, first: int = 0x80) -> bytes:
    """A short frame, masked with zeros."""
    return bytes([first | opcode, 0x80 | len(data)]) + bytes(4) + data


_FRAMES = b"".join(
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

_REQUESTS = [
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
    _HANDSHAKE + b"\r\n" + _FRAMES,
    PREFACE + SettingsFrame(0).serialize(),
]
_WORDS = [
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b'"', b"%", b"%00", b"%2e%2e/", b"//"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n"),
    *(b"Host: b\r\n", b"Range: bytes=0-\r\n", b"Content-Type: \xff\r\n", b"Content-Encoding: gzip\r\n", b"--b", b"--b--"),
    *(b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1", b"\x80\xff", b"x" * 600),
]


def _frames() -> list[bytes]:
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
        [settings, tunnel, DataFrame(9, _FRAMES)],
    ]
    return [b"".join(frame.serialize() for frame in frames) for frames in conversations]


_HTTP2_TOKENS = [
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
] + [b"\0\0\0\0\0\0\0\0\1", b"\0\0\5\1\5\0\0\0\xff", b"\0\xff\xff\0\0\0\0\0\1", b"\x3f\xe1\xff\xff\xff\x0f", b"\x20"]


def _deflated(opcode: Opcode, data: bytes) -> bytes:
    """A compressed frame (RFC 7692, section 7.2.1)."""
    compressor = zlib.compressobj(wbits=-15)
    content = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return _frame(opcode, content.removesuffix(b"\0\0\xff\xff"), 0xC0)


_SOCKET_TOKENS = [b"\x81\x80\0\0\0\0", b"\x01\x80\0\0\0\0", b"\x80\x80\0\0\0\0", b"\x88\x80\0\0\0\0", b"\x89\xfe\xff\xff"]
_SOCKET_TOKENS += [b"\xc1\x81\0\0\0\0", b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", b"\x88\x82\0\0\0\0\x03\xe7"]

HTTP_TARGETS: list[tuple[Any, ...]] = [
    ("http1", [*_REQUESTS, *_malformed()], _WORDS, _ask, 0.6),
    ("http2", _frames(), _HTTP2_TOKENS, _ask2, 0.2),
    ("websocket", [_FRAMES, _FRAMES * 2], _SOCKET_TOKENS, _talk(_HANDSHAKE + b"\r\n"), 0.6),
    (
        "websocket-deflated",
        [_deflated(TEXT, b"hello " * 20) + _FRAMES, _deflated(BINARY, bytes(5000))],
        _SOCKET_TOKENS,
        _talk(_DEFLATING),
        0.3,
    ),
]
