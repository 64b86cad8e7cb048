"""A connection to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.stand_in import StandIn

if TYPE_CHECKING:
    from protocols.handlers.forward.session import ForwardSession

LINGER = 10.0
"""Seconds a target may take to read the rest of what a client sent who has left, and to end its TLS."""


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class Outgoing(Protocol):
    """What a session has at its target: it hears what comes from there, and when to send less."""

    def __init__(self, session: ForwardSession) -> None:
        self._session: ForwardSession | None = session
        self._clock = session.clock
        self._finished = False  # we send no more
        self._over = False  # the target sends no more
        self._reading = True
        self._deadline: IDelayedCall | None = None

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)
        if not ISSLTransport.providedBy(transport):
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        """The target has proved to be the one (IHandshakeListener)."""
        if self._session is not None:
            self._session.connected(self)

    def dataReceived(self, data: bytes) -> None:
        if self._session is not None:
            self._session.answered(data)

    def readConnectionLost(self) -> None:
        """The target has shut down its side (IHalfCloseableProtocol)."""
        self._over = True
        if self._finished:
            self._lose()
        if self._session is not None:
            self._session.target_ended()

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol)."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        session, self._session = self._session, None
        if session is not None:
            session.target_left(None if reason.check(ConnectionDone) else reason.value)

    def pauseProducing(self) -> None:
        """The target does not read (IPushProducer)."""
        if self._session is not None:
            self._session.connection.pause()

    def resumeProducing(self) -> None:
        """The target reads again (IPushProducer)."""
        if self._session is not None:
            self._session.connection.resume()

    def stopProducing(self) -> None:
        """The transport is gone (IPushProducer); ``connectionLost`` says why."""

    # -- the session's side --------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(data)

    def finish(self) -> None:
        """Send no more, and go on receiving; within TLS the target decides whether it does."""
        self._finished = True
        transport: Any = self.transport
        if self._over:
            self._lose()
            return
        transport.unregisterProducer()
        if ISSLTransport.providedBy(transport):
            transport.loseConnection()  # says close_notify, and still reads unless it is paused
        else:
            transport.loseWriteConnection()

    def pause(self) -> None:
        """Read nothing until :meth:`resume`."""
        self._reading = False
        transport: Any = self.transport
        transport.pauseProducing()

    def resume(self) -> None:
        self._reading = True
        transport: Any = self.transport
        transport.resumeProducing()

    def close(self) -> None:
        """Nobody hears any more: deliver what has been sent, then close."""
        self._session = None
        if self.connected:
            self._lose()
            self._deadline = self._clock.callLater(LINGER, self._give_up)

    def abort(self) -> None:
        """Close at once; nobody hears any more."""
        self._session = None
        if self.connected:
            transport: Any = self.transport
            transport.abortConnection()

    def _lose(self) -> None:
        transport: Any = self.transport
        transport.unregisterProducer()  # as long as there is one, TLS is not closed
        if not self._reading:
            self.resume()  # or the end of TLS would not be seen
        transport.loseConnection()

    def _give_up(self) -> None:
        self._deadline = None
        self.abort()


class OutgoingFactory(Factory):
    """Makes the one protocol of one connection: `outgoing`, inside TLS if there is `tls`, with `header` in
    front of it."""

    noisy = False

    def __init__(self, outgoing: Outgoing, header: bytes, tls: TLSMemoryBIOFactory | None) -> None:
        self._outgoing = outgoing
        self._header = header
        self._tls = tls

    def buildProtocol(self, addr: object) -> Protocol:
        protocol: Protocol = self._outgoing
        if self._tls is not None:
            protocol = TLSMemoryBIOProtocol(self._tls, protocol)
        return Announcement(self._header, protocol) if self._header else protocol


class Announcement(StandIn):
    """Sends a PROXY header before `protocol` can say anything, be it the first word of TLS."""

    def __init__(self, header: bytes, protocol: Protocol) -> None:
        self._header = header
        self._protocol = protocol
        self.stand_for(protocol)  # already, since endpoints ask at once what a protocol provides

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        transport.write(self._header)
        self._protocol.makeConnection(transport)
