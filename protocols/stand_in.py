"""A protocol that stands in front of another until it is known what that is to be."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementedBy, providedBy


class StandIn(Protocol):
    """Steps aside for another protocol, which hears everything from then on: it costs nothing for each read.

    Transports ask a protocol what it provides whenever its peer has shut down its side; what they hear then
    is what the other one provides by that time, for TLS may learn that it goes on only when it is told so.
    """

    _successor: Any = None

    def stand_for(self, protocol: IProtocol) -> None:
        """Have `protocol` hear everything from now on.  It is not told of the transport here."""
        successor: Any = protocol
        self._successor = successor
        self.dataReceived = successor.dataReceived  # type: ignore[method-assign]

    @property
    def __providedBy__(self) -> Any:  # noqa: N802 - zope's name
        own = implementedBy(type(self))
        return own if self._successor is None else own + providedBy(self._successor)

    def stands_for(self, protocol: object) -> bool:
        """Whether `protocol` is what is called, by this one or by those it has stepped aside for."""
        successor = self._successor
        return successor is protocol or (isinstance(successor, StandIn) and successor.stands_for(protocol))

    def dataReceived(self, data: bytes) -> None:
        """Whoever delivers several times from one read may have looked this up before."""
        if self._successor is not None:
            self._successor.dataReceived(data)

    def handshakeCompleted(self) -> None:
        """The TLS below has been negotiated, and the other one provides IHandshakeListener."""
        self._successor.handshakeCompleted()

    def readConnectionLost(self) -> None:
        """The peer has shut down its side, and the other one provides IHalfCloseableProtocol."""
        self._successor.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is shut down, and the other one provides IHalfCloseableProtocol."""
        self._successor.writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone.  The other one may be a stand-in too, and another one by now."""
        if self._successor is not None:
            self._successor.connectionLost(reason)
