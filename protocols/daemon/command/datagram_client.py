"""The client's end of a datagram socket."""

from __future__ import annotations

import errno
import os
import socket
import struct
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorFDSet, IReadWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.daemon.command.exchange import Exchange
from protocols.daemon.spec.address import Address

MAX_DATAGRAM = 1024 * 1024
"""Bytes of the longest reply that is read whole: more than UDP can carry, or Unix sockets do by default."""

READS_PER_TURN = 64
"""Replies read before anything else gets its turn."""


@contextmanager
def client_socket(address: Address) -> Iterator[tuple[socket.socket, Any]]:
    """A socket from which `address` can be reached, and where to send; cleans up after itself.

    The place to send to is ``None`` where the socket is connected: then the kernel reports that nobody
    listens, and lets no stranger's datagrams in.  Raises :class:`OSError`.
    """
    if address.scheme == "unixgram":
        with _unix_socket(address) as sock:
            yield sock, None
        return
    host = address.host or "localhost"
    family, _, _, _, where = socket.getaddrinfo(host, address.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        if address.is_multicast:
            _send_through(sock, address.interface)
            yield sock, where  # every member answers from an address of its own
        else:
            sock.connect(where)
            yield sock, None


def _send_through(sock: socket.socket, interface: str) -> None:
    """Let multicast leave through `interface`, if one is named."""
    if not interface:
        return
    index = socket.if_nametoindex(interface)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        # struct ip_mreqn: group, local address, interface (ip(7))
        request = bytes(8) + struct.pack("@i", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)


@contextmanager
def _unix_socket(address: Address) -> Iterator[socket.socket]:
    """A Unix socket with a path of its own, without which no reply could be sent to it."""
    with (
        tempfile.TemporaryDirectory(prefix="polyport-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
    ):
        sock.setblocking(False)
        sock.bind(str(Path(folder, "client.sock")))
        sock.connect(address.path or "\0" + address.name)
        yield sock


@implementer(IReadWriteDescriptor)
class DatagramClient:
    """A :class:`~protocols.daemon.command.exchange.Carrier` over a datagram socket.

    :param where: the address to send to, ``None`` for a connected socket.
    """

    def __init__(
        self, sock: socket.socket, where: Any, exchange: Exchange, server: str, reactor: IReactorFDSet
    ) -> None:
        self._socket = sock
        self._where = where
        self._exchange = exchange
        self._server = server
        self._reactor = reactor
        self._unsent: deque[bytes] = deque()
        self._closing = False

    def start(self) -> None:
        self._reactor.addReader(self)
        self._exchange.start(self)

    # -- the exchange's side -------------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        if self._unsent or not self._send_now(message):
            if not self._unsent:
                self._exchange.block()
                self._reactor.addWriter(self)
            self._unsent.append(message)

    def end_sending(self) -> None:
        """Datagrams have no end."""

    def close(self, *, linger: bool) -> None:
        self._closing = True
        if not self._unsent:
            self._leave()

    # -- the reactor's side --------------------------------------------------------------------------

    def doRead(self) -> None:
        for _ in range(READS_PER_TURN):
            try:
                message = self._socket.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
                return
            self._exchange.received(message)
            if self._exchange.over:
                return

    def doWrite(self) -> None:
        while self._unsent:
            if not self._send_now(self._unsent[0]):
                return
            self._unsent.popleft()
        self._reactor.removeWriter(self)
        if self._closing:
            self._leave()
        else:
            self._exchange.unblock()

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return "polyport send"

    def connectionLost(self, reason: Failure) -> None:
        """The kernel has an error to tell, such as that nobody listens; or the reactor is being shut down."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error and not self._exchange.over:
            self._fail(OSError(error, os.strerror(error)))

    # -- inside --------------------------------------------------------------------------------------

    def _send_now(self, message: bytes) -> bool:
        """Whether the kernel took it, or will never."""
        try:
            if self._where is None:
                self._socket.send(message)
            else:
                self._socket.sendto(message, self._where)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return False
            if error.errno == errno.EMSGSIZE:
                self._exchange.fail(f"a message of {len(message)} bytes does not fit a datagram")
            else:
                self._fail(error)
        return True

    def _fail(self, error: OSError) -> None:
        if error.errno == errno.ECONNREFUSED:
            self._exchange.fail(f"nobody listens on {self._server}")
        else:
            why = os.strerror(error.errno) if error.errno else str(error)
            self._exchange.fail(f"{self._server}: {why}")
        self._leave()

    def _leave(self) -> None:
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._exchange.closed()
