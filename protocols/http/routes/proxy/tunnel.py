"""Two connections that pass each other's bytes on, in whatever protocol those are."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(IHalfCloseableProtocol)
class TunnelEnd(Protocol):
    """One end of a tunnel: what comes goes out at the other, no faster than that takes it.

    Of two ends the first to be connected is not read from until the second is; it has been paused.

    An end that says it has finished is still written to, where the transports can do that.
    """

    def __init__(self) -> None:
        self.other: TunnelEnd
        self._early: list[bytes] = []
        self._read_over = False
        self._write_over = False
        self._gone = False
        self._slows_down = False

    def connectionMade(self) -> None:
        if self._gone:
            return
        early, self._early = self._early, []
        for piece in early:
            self.write(piece)
        other: Any = self.other.transport
        if other is not None:
            for end in (self, self.other):
                end._slow_down_other(True)
            other.resumeProducing()
            self._catch_up()
            self.other._catch_up()

    def _slow_down_other(self, so: bool) -> None:
        """Whether the other end is read no faster than this one is."""
        transport: Any = self.transport
        if so != self._slows_down:
            self._slows_down = so
            if so:
                transport.registerProducer(self.other.transport, True)
            else:
                transport.unregisterProducer()

    def _catch_up(self) -> None:
        """Do what had to wait for this end to be there."""
        if self.other._gone:
            self._close()
        elif self.other._read_over:
            self.finish()

    def dataReceived(self, data: bytes) -> None:
        self.other.write(data)

    def write(self, data: bytes) -> None:
        """Send `data` out here, as soon as there is a connection."""
        transport: Any = self.transport
        if self._gone or self._write_over:
            return
        if transport is None:
            self._early.append(data)
        else:
            transport.write(data)

    def finish(self) -> None:
        """Nothing more will be written here."""
        transport: Any = self.transport
        if self._gone or self._write_over or transport is None:
            return
        self._write_over = True
        # What wraps a socket in TLS would show the socket's own.
        half = hasattr(transport, "loseWriteConnection") and not ISSLTransport.providedBy(transport)
        if half and not self._read_over:
            self._slow_down_other(False)
            transport.loseWriteConnection()
        else:
            self._close()

    def _close(self) -> None:
        transport: Any = self.transport
        if transport is not None and not self._gone:
            self._write_over = True
            self._slow_down_other(False)
            transport.loseConnection()

    def readConnectionLost(self) -> None:
        if self._read_over:
            return
        self._read_over = True
        self.other.finish()
        if self._write_over:
            self._close()

    def writeConnectionLost(self) -> None:
        """We did that."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._gone:
            self._gone = True
            self.other._close()


def tunnel() -> tuple[TunnelEnd, TunnelEnd]:
    """Both ends of a new tunnel."""
    one, other = TunnelEnd(), TunnelEnd()
    one.other, other.other = other, one
    return one, other
