"""A Unix listening socket in the reactor that leaves the socket's path alone.

Twisted's own port, given a socket that is bound already, changes the mode of its path, removes it and shuts
the socket down for every process that shares it.  Here the path belongs to whoever bound it.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IProtocolFactory
from twisted.python.failure import Failure


class UnixPort(unix.Port):
    """Accepts connections for `factory` from `bound`, a listening Unix socket."""

    _shouldShutdown = False  # noqa: N815 - Twisted's name

    def __init__(self, bound: socket.socket, factory: IProtocolFactory, reactor: Any) -> None:
        name = bound.getsockname() or b"\0"
        super().__init__(os.fsencode(name), factory, reactor=reactor)
        self._bound = bound

    def startListening(self) -> None:
        tcp._reservedFD.reserve()  # so that accepting can go on, and say so, when descriptors run out
        assert self.factory is not None
        self.factory.doStart()
        self.connected = True
        self.socket = self._bound
        self.fileno = self.socket.fileno  # type: ignore[method-assign]  # as every Twisted port does
        self.numberAccepts = 100
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        tcp.Port.connectionLost(self, reason)
