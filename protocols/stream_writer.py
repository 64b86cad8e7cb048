"""Writing to a stream without asking the reactor first."""

from __future__ import annotations

import socket
from typing import Final, Protocol

from twisted.internet import tcp, unix
from twisted.internet.interfaces import ITransport

from protocols.counts import Counts
from protocols.reactor.write_through import Server, UnixServer

DIRECT: Final[frozenset[type]] = frozenset({tcp.Server, unix.Server, Server, UnixServer})
"""Transports whose socket is written to at once.  The ``write`` of Twisted's own waits for the reactor to
say that the socket is ready, which costs two system calls and a turn of the loop, and it nearly always is;
that of our reactor's gathers what a read is answered with, which is done here already.  A transport of any
other class, TLS above all, does its own writing."""


PIECE = 128 * 1024
"""Bytes given to the transport at a time: more than it holds before it asks for a pause, so that it says
when they have left, and a peer that reads slowly can be told from one that does not read."""


class OutputLimit(Protocol):
    """How much may be said to peers that do not read."""

    counts: Counts
    """Where what is written is counted."""
    output: int
    """Bytes that may be written while the peer does not read, beyond one write, which nobody can stop in the
    middle."""

    def choked(self, transport: ITransport, unread: int) -> None:
        """More is written; so many bytes wait."""


class StreamWriter:
    """Writes to `transport`: past its buffer, as long as nothing has ever had to wait in it.

    Whoever is the transport's producer calls :meth:`hold_back` when it is asked to pause, and :meth:`go_on`
    when it is asked to resume.
    """

    __slots__ = ("_is_held", "_late", "_limit", "_socket", "_transport", "_waiting")

    def __init__(self, transport: ITransport, limit: OutputLimit) -> None:
        self._transport = transport
        self._limit = limit
        self._waiting = bytearray()
        self._is_held = False
        self._late = 0
        """Bytes written since something had to wait."""
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
            self._limit.counts.bytes_out += sent
            if sent == len(data):
                return
            # Nobody can ask a transport whether its buffer is empty again, so the order is its own from here.
            self._socket = None
            data = data[sent:]
        self._limit.counts.bytes_out += len(data)
        if self._waiting or self._is_held:
            self._wait(data)
        elif len(data) > PIECE:
            self._waiting += memoryview(data)[PIECE:]
            self._transport.write(data[:PIECE])
        else:
            self._transport.write(data)

    def _wait(self, data: bytes) -> None:
        if self._late > self._limit.output:
            self._limit.choked(self._transport, len(self._waiting))
            return
        self._late += len(data)
        self._waiting += data

    @property
    def waiting(self) -> int:
        """Bytes the transport has not been given yet."""
        return len(self._waiting)

    def hold_back(self) -> None:
        """Give the transport nothing more until :meth:`go_on`."""
        self._is_held = True

    def go_on(self) -> bool:
        """Give the transport the next piece, and say whether it will ask again: there are more, or it holds
        enough with this one."""
        self._is_held = False
        if self._waiting:
            piece = bytes(memoryview(self._waiting)[:PIECE])
            del self._waiting[:PIECE]
            self._transport.write(piece)
        if not self._waiting:
            self._late = 0
        return bool(self._waiting) or self._is_held
