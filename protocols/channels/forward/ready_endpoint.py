"""Connections that can be used."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer

from protocols.channels.forward.delivery import UnreachableError
from protocols.handlers.forward.endpoint import endpoint_for
from protocols.handlers.forward.target import Target
from protocols.outgoing_reason import why_unreachable
from protocols.outgoing_tls import OutgoingTLS
from protocols.stand_in import StandIn


@implementer(IStreamClientEndpoint)
class ReadyEndpoint:
    """Connects to `target`; what comes of it has shaken hands, if there is `tls`, and the peer has proved to
    be the one.

    Fails with :class:`~protocols.channels.forward.delivery.UnreachableError` only, and within `timeout`
    seconds, names and handshakes included.
    """

    def __init__(self, target: Target, reactor: Any, timeout: float, tls: OutgoingTLS | None = None) -> None:
        self.target = target
        self.timeout = timeout
        self._reactor = reactor
        self._endpoint = endpoint_for(target, reactor, timeout)
        self._tls = None if tls is None else TLSMemoryBIOFactory(tls, True, Factory(), reactor)
        self._open: dict[Threshold, None] = {}

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - Twisted's
        """Connect; the protocol that `protocolFactory` makes is told of the transport once it can be used."""
        threshold = Threshold(self, protocolFactory)
        connecting = self._endpoint.connect(_OneProtocol(threshold.behind(self._tls)))
        return threshold.cross(connecting, self._reactor)

    def opened(self, connection: Threshold) -> None:
        """It can be used."""
        self._open[connection] = None

    def lost(self, connection: Threshold) -> None:
        """It is gone."""
        self._open.pop(connection, None)

    def abort(self) -> None:
        """Close all that there is, at once."""
        for connection in tuple(self._open):
            transport: Any = connection.transport
            transport.abortConnection()


class _OneProtocol(Factory):
    """Makes the one protocol of one connection."""

    noisy = False

    def __init__(self, one: Protocol) -> None:
        self._one = one

    def buildProtocol(self, addr: object) -> Protocol:
        return self._one


@implementer(IHalfCloseableProtocol)  # of itself, since endpoints ask before there is another protocol
class Threshold(StandIn):
    """Stands in for the protocol that `factory` makes until the transport can be used."""

    def __init__(self, endpoint: ReadyEndpoint, factory: IProtocolFactory) -> None:
        self._endpoint = endpoint
        self._factory = factory
        self._encrypted = False
        self._result: Deferred[IProtocol] = Deferred(self._cancelled)
        self._crossed: Deferred[IProtocol] | None = self._result  # as long as it is open what comes of it
        self._connecting: Deferred[IProtocol] | None = None

    def behind(self, tls: TLSMemoryBIOFactory | None) -> Protocol:
        """This, inside `tls` if there is one."""
        if tls is None:
            return self
        self._encrypted = True
        alsoProvides(self, IHandshakeListener)  # an endpoint, which TLS is none of, would see one of two only
        return TLSMemoryBIOProtocol(tls, self)

    def cross(self, connecting: Deferred[IProtocol], reactor: Any) -> Deferred[IProtocol]:
        """The protocol, once the connection can be used."""
        timer = reactor.callLater(self._endpoint.timeout, self._late)

        def over(result: Any) -> Any:
            if timer.active():
                timer.cancel()
            return result

        self._connecting = connecting
        connecting.addErrback(self._not_connected)
        return self._result.addBoth(over)

    # -- the transport's side --------------------------------------------------------------------------

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        if not self._encrypted:
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        crossed, self._crossed = self._crossed, None
        if crossed is None:
            return
        transport: Any = self.transport
        self._endpoint.opened(self)
        inner: Any = self._factory.buildProtocol(transport.getPeer())
        self.stand_for(inner)
        inner.makeConnection(transport)
        crossed.callback(inner)

    def readConnectionLost(self) -> None:
        """The peer has shut down its side, which is the end for those that do not know half an end."""
        if IHalfCloseableProtocol.providedBy(self._successor):
            self._successor.readConnectionLost()
        else:
            transport: Any = self.transport
            transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._endpoint.lost(self)
        super().connectionLost(reason)
        if self._crossed is not None:
            self._fail(why_unreachable(reason.value))

    # --------------------------------------------------------------------------------------------------

    def _not_connected(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._fail(why_unreachable(failure.value))

    def _late(self) -> None:
        crossed, self._crossed = self._crossed, None
        self._give_up()
        if crossed is not None:
            crossed.errback(UnreachableError(f"no connection within {self._endpoint.timeout:g} s"))

    def _cancelled(self, _: object) -> None:
        self._crossed = None
        self._give_up()

    def _give_up(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()
        elif self._connecting is not None:
            self._connecting.cancel()

    def _fail(self, why: str) -> None:
        crossed, self._crossed = self._crossed, None
        if crossed is not None:
            crossed.errback(UnreachableError(why))
