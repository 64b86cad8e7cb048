"""Wires of asyncio, which also runs inside Polyport's reactor."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from protocols.client.datagram_socket import MAX_DATAGRAM, DatagramSocket
from protocols.client.place import Place
from protocols.client.wire import Opener, Seconds, Wire

READ_SIZE = 64 * 1024
"""Bytes read at a time."""

NEXT_ADDRESS = 0.25
"""Seconds until the next address of a host is tried beside the one before (RFC 8305, section 5)."""


class AsyncioStream:
    """A :class:`~protocols.client.wire.Wire` over a stream of asyncio's, with TLS or without."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        # What is written has been taken by the system, then, and not by a buffer of ours.
        writer.transport.set_write_buffer_limits(high=0)

    async def write(self, data: bytes, within: Seconds) -> None:
        self._writer.write(data)
        async with asyncio.timeout(within):
            await self._writer.drain()

    async def read(self, within: Seconds) -> bytes | None:
        async with asyncio.timeout(within):
            return await self._reader.read(READ_SIZE) or None

    async def end_writing(self) -> bool:
        if not self._writer.can_write_eof():
            return False
        self._writer.write_eof()
        return True

    def lost(self) -> bool:
        gone = self._reader.at_eof() or self._reader.exception() is not None
        return gone or self._writer.transport.is_closing()

    async def close(self, within: float) -> None:
        self._writer.close()
        try:
            with suppress(OSError):  # TimeoutError is one
                async with asyncio.timeout(within):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()


class AsyncioDatagrams:
    """A :class:`~protocols.client.wire.Wire` over a socket of datagrams."""

    def __init__(self, bound: DatagramSocket) -> None:
        self._bound = bound
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes, within: Seconds) -> None:
        async with asyncio.timeout(within):
            if self._bound.where is None:
                await self._loop.sock_sendall(self._bound.socket, data)
            else:
                await self._loop.sock_sendto(self._bound.socket, data, self._bound.where)

    async def read(self, within: Seconds) -> bytes | None:
        async with asyncio.timeout(within):
            return await self._loop.sock_recv(self._bound.socket, MAX_DATAGRAM)

    async def end_writing(self) -> bool:
        return False

    def lost(self) -> bool:
        return False

    async def close(self, within: float) -> None:
        self._bound.close()


def asyncio_opener(place: Place, context: ssl.SSLContext | None, name: str) -> Opener:
    """Opens wires to `place`; with a TLS `context`, to the server `name`."""

    async def open_wire(within: Seconds) -> Wire:
        async with asyncio.timeout(within):
            if place.datagrams:
                return AsyncioDatagrams(await asyncio.to_thread(DatagramSocket, place))
            if place.scheme == "unix":
                return AsyncioStream(*await asyncio.open_unix_connection(place.unix))
            reader, writer = await asyncio.open_connection(
                place.host or "localhost",
                place.port,
                ssl=context,
                server_hostname=name if context else None,
                happy_eyeballs_delay=NEXT_ADDRESS,
            )
        if context is not None and context.verify_mode != ssl.CERT_NONE:
            from protocols.client.tls import check_name

            try:
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
                check_name(name, shown)
            except BaseException:
                writer.transport.abort()
                raise
        return AsyncioStream(reader, writer)

    return open_wire
