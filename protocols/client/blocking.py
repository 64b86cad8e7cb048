"""Wires that block: for plain scripts and threads."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from protocols.client.datagram_socket import MAX_DATAGRAM, DatagramSocket
from protocols.client.place import Place
from protocols.client.wire import Opener, Seconds, Wire

READ_SIZE = 64 * 1024
"""Bytes read at a time."""


class BlockingStream:
    """A :class:`~protocols.client.wire.Wire` over a socket of a stream, with TLS or without."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._ahead: list[bytes] = []

    async def write(self, data: bytes, within: Seconds) -> None:
        self._socket.settimeout(within)
        self._socket.sendall(data)

    async def read(self, within: Seconds) -> bytes | None:
        if self._ahead:
            return self._ahead.pop(0) or None
        self._socket.settimeout(within)
        return self._socket.recv(READ_SIZE) or None

    async def end_writing(self) -> bool:
        if isinstance(self._socket, ssl.SSLSocket):
            return False
        self._socket.shutdown(socket.SHUT_WR)
        return True

    def lost(self) -> bool:
        self._socket.settimeout(0)
        try:
            piece = self._socket.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        self._ahead.append(piece)
        return not piece

    async def close(self, within: float) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self._socket.settimeout(within)
                self._socket.unwrap()
        self._socket.close()


class BlockingDatagrams:
    """A :class:`~protocols.client.wire.Wire` over a socket of datagrams."""

    def __init__(self, bound: DatagramSocket) -> None:
        self._bound = bound

    async def write(self, data: bytes, within: Seconds) -> None:
        self._bound.socket.settimeout(within)
        if self._bound.where is None:
            self._bound.socket.send(data)
        else:
            self._bound.socket.sendto(data, self._bound.where)

    async def read(self, within: Seconds) -> bytes | None:
        self._bound.socket.settimeout(within)
        return self._bound.socket.recv(MAX_DATAGRAM)

    async def end_writing(self) -> bool:
        return False

    def lost(self) -> bool:
        return False

    async def close(self, within: float) -> None:
        self._bound.close()


def blocking_opener(place: Place, context: ssl.SSLContext | None, name: str) -> Opener:
    """Opens wires to `place`; with a TLS `context`, to the server `name`."""

    async def open_wire(within: Seconds) -> Wire:
        if place.datagrams:
            return BlockingDatagrams(DatagramSocket(place))
        sock = _connected(place, within)
        if context is None:
            return BlockingStream(sock)
        try:
            secured = context.wrap_socket(sock, server_hostname=name)
        except BaseException:
            sock.close()
            raise
        if context.verify_mode != ssl.CERT_NONE:
            from protocols.client.tls import check_name

            try:
                check_name(name, secured.getpeercert(binary_form=True))
            except BaseException:
                secured.close()
                raise
        return BlockingStream(secured)

    return open_wire


def _connected(place: Place, within: Seconds) -> socket.socket:
    if place.scheme != "unix":
        sock = socket.create_connection((place.host or "localhost", place.port), within)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(within)
        sock.connect(place.unix)
    except BaseException:
        sock.close()
        raise
    return sock


async def blocking_sleep(seconds: float) -> None:
    """Let the thread wait."""
    time.sleep(seconds)
