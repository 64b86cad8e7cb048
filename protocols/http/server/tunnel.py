"""What an HTTP/1 connection is after it has changed to another protocol."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure

from protocols.http.upgrade import Upgrade


class Tunnel:
    """Another protocol on a connection that was HTTP's."""

    __slots__ = ("_gone", "_transport", "_upgrade", "protocol")

    def __init__(self, upgrade: Upgrade, transport: Any) -> None:
        self.protocol = upgrade.protocol
        self._upgrade = upgrade
        self._transport = transport
        self._gone = False

    def begin(self, rest: bytes | None, read_ended: bool) -> None:
        """Give the protocol its connection, `rest`, which has come already, and perhaps the end of it."""
        self.protocol.makeConnection(self._transport)
        if rest and not self._gone:
            self.protocol.dataReceived(rest)
        if read_ended and not self._gone:
            self.read_ended()

    def gone(self, reason: Failure) -> None:
        """The connection is gone."""
        self._gone = True
        self.protocol.connectionLost(reason)

    def read_ended(self) -> None:
        """The client sends nothing more."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            IHalfCloseableProtocol(self.protocol).readConnectionLost()
        else:
            self._transport.loseConnection()

    def write_ended(self) -> None:
        """Our side is shut down."""
        if IHalfCloseableProtocol.providedBy(self.protocol):
            IHalfCloseableProtocol(self.protocol).writeConnectionLost()

    def drain(self) -> None:
        """Ask the protocol to end soon."""
        if self._upgrade.drain is not None:
            self._upgrade.drain()
        else:
            self._transport.loseConnection()
