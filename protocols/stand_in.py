"""A protocol that stands in front of another until it is known what that is to be."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import alsoProvides


class StandIn(Protocol):
    """Steps aside for another protocol, whose methods are called in place of these from then on: it costs
    nothing for each read."""

    _successor: Any = None

    def stand_for(self, protocol: IProtocol) -> None:
        """Have `protocol` hear everything from now on.  It is not told of the transport here."""
        successor: Any = protocol
        self._successor = successor
        self.dataReceived = successor.dataReceived  # type: ignore[method-assign]
        self.connectionLost = successor.connectionLost  # type: ignore[method-assign]
        if IHalfCloseableProtocol.providedBy(successor):
            # Not before: to a transport it means that the end of the peer's side is no end.
            alsoProvides(self, IHalfCloseableProtocol)
            self.readConnectionLost = successor.readConnectionLost
            self.writeConnectionLost = successor.writeConnectionLost

    def stands_for(self, protocol: object) -> bool:
        """Whether `protocol` is what is called, by this one or by those it has stepped aside for."""
        successor = self._successor
        return successor is protocol or (isinstance(successor, StandIn) and successor.stands_for(protocol))

    def dataReceived(self, data: bytes) -> None:
        """Whoever delivers several times from one read may have looked this up before."""
        if self._successor is not None:
            self._successor.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone, and nobody has been told of it."""
