"""A bound datagram socket in the reactor, whatever its family.

Twisted's own ports cannot adopt a Unix datagram socket, and drop the scope of IPv6 link-local senders,
without which no reply reaches them.  This one hands the protocol whatever address the kernel gave.
"""

from __future__ import annotations

import socket

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.datagram import DatagramServer

READS_PER_TURN = 64
"""Datagrams read before other descriptors of the reactor get their turn."""


@implementer(IReadDescriptor)
class DatagramPort:
    """Feeds `server` from `bound`, a non-blocking datagram socket, until :meth:`stopListening`."""

    def __init__(self, bound: socket.socket, server: DatagramServer, reactor: IReactorFDSet) -> None:
        self._socket = bound
        self._server = server
        self._reactor = reactor
        self._listening = False

    def startListening(self) -> None:
        self._listening = True
        self._server.makeConnection(self)  # type: ignore[arg-type]  # the part of it that is used
        self._reactor.addReader(self)

    def stopListening(self) -> Deferred[None]:
        """Read nothing more; the socket stays usable for replies until :meth:`close`."""
        if self._listening:
            self._listening = False
            self._reactor.removeReader(self)
        return succeed(None)

    def close(self) -> None:
        """Close the socket; what is still pending can no longer be answered."""
        self.stopListening()
        self._server.stopProtocol()
        self._socket.close()

    def getHandle(self) -> socket.socket:
        return self._socket

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return self._server.journal.service

    def doRead(self) -> None:
        receive = self._socket.recvfrom
        deliver = self._server.datagramReceived
        # One byte more than is allowed shows that a datagram was longer.
        size = self._server.limit + 1
        for _ in range(READS_PER_TURN):
            try:
                data, address = receive(size)
            except OSError:
                # Nothing left (EAGAIN), or an ICMP error of an earlier reply: both end this turn,
                # and a socket that still has datagrams is reported again.
                return
            deliver(data, address)
            if not self._listening:
                return

    def connectionLost(self, reason: Failure) -> None:
        """The reactor is being shut down."""
        self._listening = False
        self._socket.close()
