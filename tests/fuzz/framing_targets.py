"""The decoders of framings, and what comes before a connection is anybody's: PROXY headers, TLS hellos."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

from protocols.framing import Delimited, Fixed, Framing, FramingError, Length, Lines, Netstring, Raw
from protocols.guard.tls.client_hello import HelloReader
from protocols.proxy_header import version1, version2
from protocols.proxy_header.header import ProxyHeader, ProxyHeaderError
from protocols.proxy_header.reader import LIMIT, HeaderReader

LONGEST = 64
MOST = LONGEST + 16
"""Bytes that a decoder may hold: a message, and what is around it."""

FRAMINGS: dict[str, tuple[Framing, list[bytes]]] = {
    "lines": (Lines("any", LONGEST), [b"one\ntwo\r\n\n", b"a" * 70 + b"\n", b"\r\r\n"]),
    "lines-lf": (Lines("lf", LONGEST), [b"one\ntwo\r\n\n"]),
    "lines-crlf": (Lines("crlf", LONGEST), [b"one\r\ntwo\r\n\n\r\n"]),
    "delimited": (Delimited(b"aab", LONGEST), [b"oneaabtwoaab", b"aaaabaab"]),
    "length": (Length(4, limit=LONGEST), [b"\0\0\0\3one\0\0\0\0", b"\0\0\0\x40" + b"x" * 64]),
    "length-signed": (Length(2, "little", signed=True, limit=LONGEST), [b"\3\0one\xff\xff"]),
    "length-offset": (
        Length(2, includes_header=True, offset=1, limit=LONGEST),
        [b"X\0\6one", b"X\0\3", b"X\0\2"],
    ),
    "netstring": (Netstring(LONGEST), [b"3:one,0:,", b"64:" + b"x" * 64 + b",", b"03:one,"]),
    "fixed": (Fixed(8), [b"exactly8" * 3]),
    "raw": (Raw(LONGEST), [b"anything"]),
}

TOKENS = [
    b"\n",
    b"\r",
    b"\r\n",
    b"aab",
    b"aa",
    b"\0\0\0\1",
    b"\xff\xff\xff\xff",
    b"1:a,",
    b":",
    b",",
    b"9" * 20,
]


def _framing_check(framing: Framing) -> Callable[[list[bytes]], str]:
    def check(pieces: list[bytes]) -> str:
        decoder = framing.decoder()
        messages: list[bytes] = []
        for piece in pieces:
            try:
                messages += decoder.feed(piece)
            except FramingError as fault:
                messages += fault.messages
                assert all(type(message) is bytes for message in messages)
                return "refused"
            assert decoder.partial <= MOST, decoder.partial
        assert all(type(message) is bytes and len(message) <= LONGEST for message in messages)
        partial = decoder.partial
        try:
            decoder.finish()
        except FramingError:
            return "incomplete"
        assert not partial
        for message in messages:
            framing.encode(message)  # or an echo would fail
        return "whole"

    return check


def _read_proxy_header(pieces: list[bytes]) -> str:
    reader = HeaderReader()
    fed = 0
    for at, piece in enumerate(pieces):
        fed += len(piece)
        try:
            header = reader.feed(piece)
        except ProxyHeaderError:
            return "refused"
        if header is not None:
            assert isinstance(header, ProxyHeader)
            assert len(reader.rest) <= len(piece), at
            str(header.source), hash(header)
            return "whole"
        assert fed <= LIMIT + version2.HEAD
    return "incomplete"


def _read_hello(pieces: list[bytes]) -> str:
    reader = HelloReader()
    for at, piece in enumerate(pieces):
        whole = reader.feed(piece)
        if whole is not None:
            assert whole == b"".join(pieces[: at + 1])
            return "no name" if reader.name is None else "a name"
    return "incomplete"


def _hellos() -> Iterator[bytes]:
    """How clients begin."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context()
        context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
        said = ssl.MemoryBIO()
        client = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="a.example.org")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        yield said.read()


FRAMING_TARGETS: list[tuple[Any, ...]] = [
    (name, corpus, TOKENS, _framing_check(framing)) for name, (framing, corpus) in FRAMINGS.items()
]


def header_targets() -> Iterator[tuple[Any, ...]]:
    address = b"\xc0\0\2\1\xc0\0\2\2\x10\0\0\x50"
    version_2 = version2.MARK + b"\x21\x11\0\x0c" + address
    certificate = b"\x20\0\x1b" + b"\x07\0\0\0\0" + b"\x21\0\7TLSv1.3" + b"\x22\0\x09localhost"
    corpus = [
        version1.MARK + b"TCP4 192.0.2.1 192.0.2.2 4096 80\r\nhello",
        version1.MARK + b"TCP6 2001:db8::1 ::2 4096 80\r\n",
        version1.MARK + b"UNKNOWN whatever\r\n",
        version_2,
        version2.MARK + b"\x20\0\0\0rest",
        version2.MARK + b"\x21\x21\0\x24" + bytes(36),
        version2.MARK + b"\x21\x31\0\xd8" + b"/a".ljust(216, b"\0"),
        version2.MARK + b"\x21\x11\0\x30" + address + certificate + b"\4\0\3abc",
    ]
    yield (
        "proxy-header",
        corpus,
        [b"\r\n", b" ", b"65536", b"::", b"\x20\0\xff", b"\x03\0\4\0\0\0\0"],
        _read_proxy_header,
    )
    yield "tls-hello", list(_hellos()), [b"\x16\x03\x01", b"\0\0", b"\0\x10", b"\xff\xff"], _read_hello
