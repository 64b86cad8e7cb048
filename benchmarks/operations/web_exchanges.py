"""How what speaks HTTP is talked to: a message is a request, or an event."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, StreamReset
from operations.exchanges import (
    PATIENCE,
    Exchange,
    Places,
    WrongError,
    messages,
    open_port,
    open_tls,
)

# Requests at once on one connection of HTTP/2.
STREAMS = 32
FILE = b"a file of one line\n"
SCRIPT = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\ncat\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def requests(
    places: Places,
    count: int,
    *,
    path: str,
    service: str = "web",
    opened: Callable[[Places, str], Awaitable[Streams]] = open_port,
    is_versioned: bool = False,
    is_loud: bool = True,
    content: bytes | None = None,
) -> None:
    """One after the other; `content`: what is answered whatever is asked, with GET."""
    reader, writer = await opened(places, service)
    version = b"%d " % places.version if is_versioned else b""
    try:
        for [message] in messages(count, 1):
            if content is not None:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                expected = content
            else:
                head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                writer.write(f"{head}Content-Length: {len(message)}\r\n\r\n".encode() + message)
                expected = version + (message.upper() if is_loud else message)
            came = await asyncio.wait_for(_response(reader), PATIENCE)
            if came != expected:
                raise WrongError(f"{path} answers {came!r}")
    finally:
        writer.close()
    await writer.wait_closed()


async def _response(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200 "):
        raise WrongError(f"the status is {head[:40]!r}")
    if b"transfer-encoding: chunked" not in head:
        return await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r")[0]))
    content = b""
    while size := int(await reader.readline(), 16):
        content += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return content


async def events(places: Places, count: int) -> None:
    """A stream of events, which ends after so many."""
    reader, writer = await open_port(places, "web")
    try:
        writer.write(f"GET /events?count={count} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        said = await asyncio.wait_for(_response(reader), PATIENCE)
        came = [each for each in said.replace(b"\r", b"").split(b"\n") if each.startswith(b"data:")]
        if came != [b"data: event %d" % number for number in range(count)]:
            raise WrongError(f"/events: {len(came)} of {count} events come, or others")
    finally:
        writer.close()
    await writer.wait_closed()


async def http2(places: Places, count: int) -> None:
    """Many requests at once, over TLS (RFC 9113)."""
    reader, writer = await open_tls(places, "secure", ("h2",))
    connection = H2Connection(H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]
    try:
        for some in messages(count, STREAMS):
            expected = {}
            for message in some:
                stream = connection.get_next_available_stream_id()
                connection.send_headers(stream, [*fields, ("content-type", "text/plain")])
                connection.send_data(stream, message, end_stream=True)
                expected[stream] = b"%d %b" % (places.version, message.upper())
            writer.write(connection.data_to_send())
            came = await asyncio.wait_for(_responses(connection, reader, writer, set(expected)), PATIENCE)
            if came != expected:
                raise WrongError(f"HTTP/2 answers {came!r}")
    finally:
        connection.close_connection()
        writer.write(connection.data_to_send())
        writer.close()
    with suppress(ssl.SSLError):  # what the server says to that comes too late for Python
        await writer.wait_closed()


async def _responses(
    connection: H2Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, missing: set[int]
) -> dict[int, bytes]:
    came = dict.fromkeys(missing, b"")
    while missing:
        data = await reader.read(65_536)
        if not data:
            raise WrongError("HTTP/2: the connection ended")
        for event in connection.receive_data(data):
            if isinstance(event, DataReceived):
                came[event.stream_id] += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                missing.discard(event.stream_id)
            elif isinstance(event, StreamReset):
                raise WrongError(f"HTTP/2: a stream was reset with {event.error_code}")
        writer.write(connection.data_to_send())
    return came


WEB: dict[str, Exchange] = {
    "http": partial(requests, path="/", is_versioned=True),
    "https": partial(requests, path="/", service="secure", opened=open_tls, is_versioned=True),
    "http/2": http2,
    "events": events,
    "files": partial(requests, path="/files/file.txt", content=FILE),
    "proxy": partial(requests, path="/proxy/file.txt", content=FILE),
    "wsgi": partial(requests, path="/wsgi"),
    "asgi": partial(requests, path="/asgi"),
    "resource": partial(requests, path="/resource"),
    "cgi": partial(requests, path="/cgi-bin/same", is_loud=False),
}
