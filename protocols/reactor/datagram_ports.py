"""Datagram sockets without a check for each packet, and with an end to every turn."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from typing import Any, Final

from twisted.internet import udp, unix
from twisted.internet.error import MessageLengthError
from twisted.logger import Logger
from twisted.python import log as legacy_log

log = Logger()

READS: Final = 64
"""Datagrams read in one turn of the reactor, after which other descriptors get theirs."""

QUEUE: Final = 256
"""Datagrams kept while the kernel's buffer is full; more are dropped, as the network would."""

ADDRESSES: Final = 1024
"""Addresses remembered as good to write to."""

FULL: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS})
"""Why the kernel takes no datagram just now."""


class _Datagrams(udp.Port):
    """How a port reads and writes.

    .. attribute:: truncated

       Datagrams that were longer than ``maxPacketSize``.  They are dropped: half a message is none.  A
       protocol that has a method ``datagramTruncated`` is told, with the address of the sender.

    .. attribute:: dropped

       Datagrams that could not be sent, since :data:`QUEUE` were waiting.
    """

    truncated = 0
    dropped = 0

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._unsent: deque[tuple[bytes, Any]] = deque()
        self._known: set[Any] = set()
        self._sender: Any = None

    def doRead(self) -> None:
        """Deliver the datagrams that are there, :data:`READS` at most."""
        receive = self.socket.recvfrom
        limit = self.maxPacketSize
        deliver = self.protocol.datagramReceived
        is_ipv6 = self.addressFamily == socket.AF_INET6
        for _ in range(READS):
            try:
                # One byte more than is taken shows that there was more.
                data, sender = receive(limit + 1)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ECONNREFUSED:
                    raise
                # An answer to a datagram sent earlier: nobody listens there (ICMP port unreachable).
                if self._connectedAddr:
                    self.protocol.connectionRefused()
                return
            if is_ipv6:
                sender = _without_flow(sender)
            self._sender = sender
            try:
                if len(data) > limit:
                    self._too_long(sender)
                else:
                    deliver(data, sender)
            except BaseException:  # noqa: BLE001 - whatever a protocol raises costs one datagram
                log.failure("a datagram from {sender} could not be handled", sender=sender)
            if not self.connected:
                return

    def write(  # type: ignore[override]  # it says more than Twisted's
        self, datagram: bytes, addr: Any = None
    ) -> bool:
        """Send `datagram` to `addr`, or where the port is connected to.

        :returns: whether it left or will leave; ``False`` if it was dropped.

        Raises :class:`~twisted.internet.error.MessageLengthError` if it is longer than a datagram can be,
        and :class:`~twisted.internet.error.InvalidAddressError` for an address of another family.
        """
        # An address that a datagram came from needs no check.
        if (addr is not self._sender and addr not in self._known) or self._connectedAddr:
            return self._write_checked(datagram, addr)
        if self._unsent:
            return self._keep(datagram, addr)
        try:
            self.socket.sendto(datagram, addr)
        except OSError as error:
            return self._failed(error, datagram, addr)
        return True

    def doWrite(self) -> None:
        """Send what the kernel had no room for."""
        unsent = self._unsent
        while unsent:
            datagram, addr = unsent[0]
            try:
                if addr is None:
                    self.socket.send(datagram)
                else:
                    self.socket.sendto(datagram, addr)
            except OSError as error:
                if error.errno in FULL:
                    return
                log.failure("a datagram for {addr} could not be sent", addr=addr)
            unsent.popleft()
        self.stopWriting()

    def _write_checked(self, datagram: bytes, addr: Any) -> bool:
        if self._unsent:
            return self._keep(datagram, None if self._connectedAddr else addr)
        try:
            super().write(datagram, addr)
        except OSError as error:
            return self._failed(error, datagram, None if self._connectedAddr else addr)
        if addr is not None:
            self._remember(addr)
        return True

    def _remember(self, addr: Any) -> None:
        if len(self._known) >= ADDRESSES:
            self._known.clear()
        self._known.add(addr)

    def _failed(self, error: OSError, datagram: bytes, addr: Any) -> bool:
        if error.errno in FULL:
            return self._keep(datagram, addr)
        if error.errno == errno.EMSGSIZE:
            raise MessageLengthError("message too long") from error
        if error.errno == errno.ECONNREFUSED:
            return True  # an answer to an earlier datagram
        raise error

    def _keep(self, datagram: bytes, addr: Any) -> bool:
        if len(self._unsent) >= QUEUE:
            self.dropped += 1
            return False
        self._unsent.append((datagram, addr))
        self.startWriting()
        return True

    def _too_long(self, sender: Any) -> None:
        self.truncated += 1
        hear = getattr(self.protocol, "datagramTruncated", None)
        if hear is not None:
            hear(sender)
        elif self.truncated == 1:
            log.warn(
                "a datagram of more than {limit} bytes from {sender} was dropped; more are only counted",
                limit=self.maxPacketSize,
                sender=sender,
            )


def _without_flow(sender: Any) -> tuple[str, int]:
    """Host and port, the host with its interface where it is no address without."""
    host, port, _, scope = sender
    if not scope:
        return host, port
    try:
        return f"{host}%{socket.if_indextoname(scope)}", port
    except OSError:  # the interface has gone since
        return f"{host}%{scope}", port


class DatagramPort(_Datagrams):
    """A UDP port, its own or adopted."""

    @classmethod
    def adopt(cls, bound: socket.socket, protocol: Any, size: int, reactor: Any) -> DatagramPort:
        """A port on `bound`, which it closes in the end; datagrams have at most `size` bytes."""
        port = cls(None, protocol, bound.getsockname()[0], size, reactor)
        bound.setblocking(False)
        port._preexistingSocket = bound  # type: ignore[assignment]  # as adoptDatagramPort does
        return port


class MulticastPort(_Datagrams, udp.MulticastPort):
    """A UDP port that may join groups."""


class UnixDatagramPort(_Datagrams, unix.DatagramPort):
    """A Unix datagram socket."""

    def _write_checked(self, datagram: bytes, addr: Any) -> bool:
        self._remember(addr)  # a path needs no check: the kernel knows what is there
        return self.write(datagram, addr)

    def _keep(self, datagram: bytes, addr: Any) -> bool:
        # It is this one peer's queue that is full (unix(7)), and nothing tells when it no longer is.
        self.dropped += 1
        return False


class AdoptedUnixDatagramPort(UnixDatagramPort):
    """A Unix datagram socket that is bound already; its path belongs to whoever bound it.

    :param bound: closed in the end.
    """

    def __init__(self, bound: socket.socket, protocol: Any, size: int, reactor: Any) -> None:
        super().__init__(bound.getsockname(), protocol, size, reactor=reactor)
        bound.setblocking(False)
        self._bound = bound

    def _bindSocket(self) -> None:
        legacy_log.msg(f"{self._getLogPrefix(self.protocol)} starting on {os.fsdecode(self.port or b'')!r}")
        self.connected = 1
        self.socket = self._bound
        self.fileno = self.socket.fileno  # type: ignore[method-assign]  # as every port of Twisted's does


def adopted(bound: socket.socket, protocol: Any, size: int, reactor: Any) -> _Datagrams:
    """The port for `bound`, whatever its family; it is closed in the end.

    :param size: bytes of the longest datagram that is taken.
    """
    if bound.family == socket.AF_UNIX:
        return AdoptedUnixDatagramPort(bound, protocol, size, reactor)
    return DatagramPort.adopt(bound, protocol, size, reactor)
