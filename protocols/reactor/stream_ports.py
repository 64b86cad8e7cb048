"""Listening and connecting sockets whose connections write at once (see :mod:`.write_through`)."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, Final

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.python import log as legacy_log
from twisted.python.failure import Failure

from protocols.reactor.write_through import Client, Server, UnixClient, UnixServer

log = Logger()

ACCEPTS: Final = 64
"""Connections accepted in one turn of the reactor, after which those that are open get their turn."""

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Why the kernel cannot give a connection that is there."""

GONE: Final = frozenset(
    {
        errno.ECONNABORTED,
        errno.EPERM,
        errno.EPROTO,
        errno.EINTR,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENONET,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
    }
)
"""What became of one connection before it was accepted, or what a packet filter did to it (accept(2)); the
next may be well."""

REST: Final = 1.0
"""Seconds nothing is accepted after that.  The connections stay ready, so the reactor would turn and turn."""


class _Accepting(tcp.Port):
    """How a port accepts."""

    def doRead(self) -> None:
        """Accept what has come, :data:`ACCEPTS` connections at most."""
        accept = self.socket.accept
        for _ in range(ACCEPTS):
            try:
                sock, peer = accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in GONE:
                    continue
                self._rest(error)
                return
            try:
                self._serve(sock, peer)
            except BaseException:  # noqa: BLE001 - whatever a factory raises costs one connection
                log.failure("a connection from {peer} could not be served", peer=peer)
                sock.close()
            if not self.connected or self.disconnecting:
                return

    def _serve(self, sock: socket.socket, peer: Any) -> None:
        if type(peer) is tuple and len(peer) == 4 and peer[3]:
            # A link-local address says little without its interface.
            name, _ = socket.getnameinfo(peer, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
            peer = (name, *peer[1:])
        assert self.factory is not None
        address = self._buildAddr(peer)
        protocol = self.factory.buildProtocol(address)
        if protocol is None:
            sock.close()
            return
        number = self.sessionno
        self.sessionno = number + 1
        transport: Any = self.transport(sock, protocol, peer, self, number, self.reactor)
        transport.peer = address
        try:
            protocol.makeConnection(transport)
        except BaseException:  # noqa: BLE001 - whatever a protocol raises ends its connection
            log.failure("a connection from {peer} could not begin", peer=peer)
            transport.abortConnection()

    def _rest(self, error: OSError) -> None:
        if error.errno in EXHAUSTED:
            # With the descriptor it keeps in reserve, Twisted turns away those that wait, and says so.
            super().doRead()
        else:
            log.error("nothing can be accepted for {seconds:g} s: {error}", seconds=REST, error=error)
        self.stopReading()
        reactor: Any = self.reactor
        reactor.callLater(REST, self._go_on)

    def _go_on(self) -> None:
        if self.connected and not self.disconnecting:
            self.startReading()


class Port(_Accepting):
    """A TCP port, its own or adopted."""

    transport = Server


class UnixPort(_Accepting, unix.Port):
    """A Unix socket that listens."""

    transport = UnixServer


class AdoptedUnixPort(UnixPort):
    """A Unix socket that listens already, and may be shared with other processes.

    Twisted's own port would change the mode of its path, remove that at the end, and shut the socket down
    for everybody.  Here the path belongs to whoever bound it.

    :param listening: closed in the end.
    """

    _shouldShutdown = False

    def __init__(self, listening: socket.socket, factory: IProtocolFactory, reactor: Any) -> None:
        super().__init__(os.fsencode(listening.getsockname() or b"\0"), factory, reactor=reactor)
        listening.setblocking(False)
        self._listening = listening

    def startListening(self) -> None:
        tcp._reservedFD.reserve()
        assert self.factory is not None
        prefix = self._getLogPrefix(self.factory)
        legacy_log.msg(f"{prefix} starting on {os.fsdecode(self._bindPath)!r}")
        self.factory.doStart()
        self.connected = True
        self.socket = self._listening
        self.fileno = self.socket.fileno  # type: ignore[method-assign]  # as every port of Twisted's does
        self.numberAccepts = ACCEPTS
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)


class Connector(tcp.Connector):
    """Makes TCP connections that write at once."""

    def _makeTransport(self) -> Client:
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)


class UnixConnector(unix.Connector):
    """Makes connections over Unix sockets that write at once."""

    def _makeTransport(self) -> UnixClient:  # type: ignore[override]  # as in Twisted's own
        return UnixClient(self.address, self, self.reactor, self.checkPID)
