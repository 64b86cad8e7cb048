"""A protocol that stands in front of another until it is known what that is to be."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface.declarations import Declaration, ObjectSpecificationDescriptor

REFLECTED: Final = (IHalfCloseableProtocol, IHandshakeListener)
"""What transports ask for in a protocol."""


class _AsWhoStandsBehind(ObjectSpecificationDescriptor):
    """What a stand-in provides: what it does itself, and what of :data:`REFLECTED` the other one does.

    To a transport :class:`IHalfCloseableProtocol` means that the end of the peer's side is no end, and TLS
    provides it only once its peer has said that it has finished.  So it is asked for each time.
    """

    def __get__(self, instance: Any, owner: Any) -> Any:
        own = super().__get__(instance, owner)
        if instance is None or instance._successor is None:
            return own
        return Declaration(own, *(one for one in REFLECTED if one.providedBy(instance._successor)))


class StandIn(Protocol):
    """Steps aside for another protocol: what is read goes straight to it from then on.

    What comes once in a connection is passed on, for that other one may be a stand-in too.
    """

    __providedBy__ = _AsWhoStandsBehind()

    _successor: Any = None

    def stand_for(self, protocol: IProtocol) -> None:
        """Have `protocol` hear everything from now on.  It is not told of the transport here."""
        successor: Any = protocol
        self._successor = successor
        self.dataReceived = successor.dataReceived  # type: ignore[method-assign]

    def dataReceived(self, data: bytes) -> None:
        """Whoever delivers several times from one read may have looked this up before."""
        if self._successor is not None:
            self._successor.dataReceived(data)

    def handshakeCompleted(self) -> None:
        """The TLS below is ready (IHandshakeListener)."""
        self._successor.handshakeCompleted()

    def readConnectionLost(self) -> None:
        """The peer has shut down its side (IHalfCloseableProtocol)."""
        self._successor.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol)."""
        self._successor.writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone; if nobody stands behind, nobody has been told of it."""
        if self._successor is not None:
            self._successor.connectionLost(reason)
