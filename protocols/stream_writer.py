"""Writing to a stream without asking the reactor first."""

from __future__ import annotations

import socket
from typing import Final

from twisted.internet import tcp, unix
from twisted.internet.interfaces import ITransport

from protocols.reactor.write_through import Server, UnixServer

DIRECT: Final[frozenset[type]] = frozenset({tcp.Server, unix.Server, Server, UnixServer})
"""Transports whose socket is written to at once.  The ``write`` of Twisted's own waits for the reactor to
say that the socket is ready, which costs two system calls and a turn of the loop, and it nearly always is;
that of our reactor's gathers what a read is answered with, which is done here already.  A transport of any
other class, TLS above all, does its own writing."""


PIECE = 128 * 1024
"""Bytes given to the transport at a time: more than it holds before it asks for a pause, so that it says
when they have left, and a peer that reads slowly can be told from one that does not read."""


class StreamWriter:
    """Writes to `transport`: past its buffer, as long as nothing has ever had to wait in it.

    Whoever is the transport's producer calls :meth:`go_on` when it is asked to resume.
    """

    __slots__ = ("_socket", "_transport", "_waiting")

    def __init__(self, transport: ITransport) -> None:
        self._transport = transport
        self._waiting = bytearray()
        self._socket: socket.socket | None = None
        if type(transport) in DIRECT:
            self._socket = transport.getHandle()  # type: ignore[attr-defined]  # both of them have it

    def write(self, data: bytes) -> None:
        """Give the kernel what it takes now, and the transport the rest."""
        direct = self._socket
        if direct is not None:
            try:
                sent = direct.send(data)
            except OSError:
                sent = 0  # full, or gone: the transport finds out which
            if sent == len(data):
                return
            # Nobody can ask a transport whether its buffer is empty again, so the order is its own from here.
            self._socket = None
            data = data[sent:]
        if self._waiting:
            self._waiting += data
        elif len(data) > PIECE:
            self._waiting += memoryview(data)[PIECE:]
            self._transport.write(data[:PIECE])
        else:
            self._transport.write(data)

    @property
    def waiting(self) -> int:
        """Bytes the transport has not been given yet."""
        return len(self._waiting)

    def go_on(self) -> bool:
        """Give the transport the next piece, and say whether there are more."""
        if self._waiting:
            piece = bytes(memoryview(self._waiting)[:PIECE])
            del self._waiting[:PIECE]
            self._transport.write(piece)
        return bool(self._waiting)
