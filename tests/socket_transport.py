"""A transport of a reactor over a real socket, which nothing reads from by itself."""

from __future__ import annotations

import socket

from twisted.internet.address import UNIXAddress


class SocketTransport:
    """One end of a pair of sockets; the other is the peer's."""

    def __init__(self):
        self.peer, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        self.peer.settimeout(10)
        self.reads = True
        self.protocol = None

    def pauseProducing(self):
        self.reads = False

    def getHandle(self):
        return self.socket

    def getPeer(self):  # noqa: N802
        return UNIXAddress(None)

    def getHost(self):  # noqa: N802
        return UNIXAddress(b"/run/here")
