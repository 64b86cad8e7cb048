"""Which version of HTTP a connection speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IHalfCloseableProtocol, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.server.http1 import HTTP1Connection
from protocols.http.server.http2 import HTTP2Connection
from protocols.http.server.http2_meter import PREFACE
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory

ALPN: Final = (b"h2", b"http/1.1", b"http/1.0")
"""What is spoken inside TLS, the preferred first (RFC 7301)."""


@implementer(IHalfCloseableProtocol)
class Negotiation(Protocol):
    """Stands in front of a connection until its first bytes are here, and then steps aside.

    What TLS has negotiated decides; without that, a client that begins with HTTP/2's preface has prior
    knowledge (RFC 9113, section 3.3).  Until then the connection is one of HTTP/1 on which nothing has been
    asked, so it may be idle, drained and closed like any other.

    From then on the connection's own methods are called in place of these: nothing stands in between.
    """

    factory: HTTPFactory

    def __init__(self) -> None:
        self._held = b""
        self._decided = False
        self._connection: HTTP1Connection | HTTP2Connection

    @property
    def peer(self) -> Peer:
        return self._connection.peer

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        connection = HTTP1Connection()
        connection.factory = self.factory
        self._stand_for(connection)
        connection.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        if self._decided:
            # Whoever delivers several times, as TLS does record by record, may have looked us up before.
            self._connection.dataReceived(data)
            return
        held = self._held + data
        spoken = getattr(self.transport, "negotiatedProtocol", None)
        if spoken == ALPN[0] or (spoken is None and held.startswith(PREFACE)):
            self._speak_http2()
        elif spoken is None and PREFACE.startswith(held):
            self._held = held
            return
        self._decided = True
        self._held = b""
        connection: Any = self._connection
        self.dataReceived = connection.dataReceived  # type: ignore[method-assign]
        connection.dataReceived(held)

    def _speak_http2(self) -> None:
        transport: Any = self.transport
        transport.unregisterProducer()
        connection = HTTP2Connection()
        connection.factory = self.factory
        unused = self._connection
        self._stand_for(connection)
        connection.makeConnection(transport)
        self.factory.replaced(unused, connection)

    def _stand_for(self, connection: HTTP1Connection | HTTP2Connection) -> None:
        self._connection = connection
        self.readConnectionLost = connection.readConnectionLost  # type: ignore[method-assign]
        self.writeConnectionLost = connection.writeConnectionLost  # type: ignore[method-assign]
        self.connectionLost = connection.connectionLost  # type: ignore[method-assign]

    def readConnectionLost(self) -> None:
        """The client has shut down its side (IHalfCloseableProtocol)."""

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol)."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
