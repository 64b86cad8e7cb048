"""How each kind of service is talked to: so many messages over one connection, every answer compared.

Answers that are wrong, or do not come, raise :class:`WrongError` or :class:`OSError`.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from operations.question import HOST
from python_load import UPGRADE

# Messages that are sent before their answers are waited for.
AT_ONCE = 32
# For an answer; only what stands still takes it.
PATIENCE = 60.0
SIZE = 64


class WrongError(Exception):
    """An answer is not what it is to be."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the services are."""

    ports: Mapping[str, int]
    folder: Path
    version: int = 1
    """Of what says so."""


Exchange: TypeAlias = Callable[[Places, int], Awaitable[None]]
"""Sends so many messages over a connection of its own."""

Encode: TypeAlias = Callable[[bytes], bytes]


def messages(count: int, at_once: int = AT_ONCE) -> Iterator[list[bytes]]:
    """So many of 63 bytes, no two of a connection the same, a few at a time."""
    for first in range(0, count, at_once):
        yield [b"message %055d" % number for number in range(first, min(first + at_once, count))]


def line(message: bytes) -> bytes:
    return message + b"\n"


def length(message: bytes) -> bytes:
    return struct.pack("!I", len(message)) + message


def netstring(message: bytes) -> bytes:
    return b"%d:%b," % (len(message), message)


def delimited(message: bytes) -> bytes:
    return message + b"\0"


def fixed(message: bytes) -> bytes:
    return message.ljust(SIZE)


def frame(message: bytes) -> bytes:
    """A binary message of a WebSocket's client (RFC 6455), masked with zeros, which leave it as it is."""
    return bytes([0x82, 0x80 | len(message)]) + bytes(4) + message


def unmasked(message: bytes) -> bytes:
    """The same of a server."""
    return bytes([0x82, len(message)]) + message


async def open_port(places: Places, service: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(HOST, places.ports[service])


async def open_tls(
    places: Places, service: str, protocols: tuple[str, ...] = ()
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context(cafile=str(places.folder / "tls" / "ca.pem"))
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return await asyncio.open_connection(HOST, places.ports[service], ssl=context)


async def open_unix(places: Places, service: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(str(places.folder / f"{service}.sock"))


async def stream(
    places: Places,
    count: int,
    *,
    service: str,
    encode: Encode = line,
    opened: Callable[[Places, str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = open_port,
    answer: Callable[[bytes], bytes] = bytes.upper,
    decode: Encode | None = None,
    first: bytes = b"",
    is_versioned: bool = False,
) -> None:
    """Over a connection of bytes, which may have to begin with `first`, whose answer is a head."""
    reader, writer = await opened(places, service)
    version = b"%d " % places.version if is_versioned else b""
    try:
        if first:
            writer.write(first)
            await reader.readuntil(b"\r\n\r\n")
        for some in messages(count):
            writer.write(b"".join(map(encode, some)))
            expected = b"".join((decode or encode)(version + answer(each)) for each in some)
            came = await asyncio.wait_for(reader.readexactly(len(expected)), PATIENCE)
            if came != expected:
                raise WrongError(f"{service} answers {came!r}")
    finally:
        writer.close()
    await writer.wait_closed()


def same(message: bytes) -> bytes:
    return message


STREAMS: dict[str, Exchange] = {
    "lines": partial(stream, service="lines", is_versioned=True),
    "unix": partial(stream, service="lines", opened=open_unix, is_versioned=True),
    "tls": partial(stream, service="tls", opened=open_tls, is_versioned=True),
    "plain": partial(stream, service="plain"),
    "length": partial(stream, service="length", encode=length),
    "netstring": partial(stream, service="netstring", encode=netstring),
    "delimited": partial(stream, service="delimited", encode=delimited),
    "fixed": partial(stream, service="fixed", encode=fixed),
    "raw": partial(stream, service="raw"),
    "echo": partial(stream, service="echo", answer=same),
    "awaited": partial(stream, service="awaited"),
    "threads": partial(stream, service="threads"),
    "processes": partial(stream, service="processes"),
    "forward": partial(stream, service="forward"),
    "factory": partial(stream, service="factory", answer=same),
    "websocket": partial(
        stream, service="web", encode=frame, decode=unmasked, first=UPGRADE.replace(b"/echo", b"/live")
    ),
}
