"""Connections that begin in the clear, and go on in TLS once both sides agree (RFC 3207, RFC 2595)."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    ITransport,
)
from twisted.internet.protocol import Factory
from zope.interface import directlyProvides, providedBy

from protocols.guard.tls.factory import TLSFactory
from protocols.stand_in import StandIn


class StartTLSFactory(Factory):
    """Serves what `tls` wraps in the clear, on transports that have one method more: ``start_tls``.

    A protocol that wants to go on in TLS writes the reply that says so, and then calls
    ``transport.start_tls(successor)``.  `successor` is another protocol, fresh: it is connected, to a
    transport of TLS, once the handshake is done.  The old one is over: whatever else it writes goes nowhere,
    it hears of nothing more, not even that the connection is lost, and what it has read but not yet looked at
    is gone with it.  So nothing that came in the clear is taken for something that came in TLS
    (CVE-2011-0411), and nothing that the client said before is remembered (RFC 3207, section 4.2).

    :param tls: whose limits for handshakes hold here too.
    """

    noisy = False

    def __init__(self, tls: TLSFactory) -> None:
        self.tls = tls

    def doStart(self) -> None:
        self.tls.doStart()
        super().doStart()

    def doStop(self) -> None:
        self.tls.doStop()
        super().doStop()

    def buildProtocol(self, addr: IAddress | None) -> _Clear | None:
        inner: Any = self.tls.wrappedFactory
        protocol = inner.buildProtocol(addr)
        return None if protocol is None else _Clear(self.tls, protocol)


class _Clear(StandIn):
    """Stands for the protocol in the clear, and then for its successor in TLS."""

    def __init__(self, tls: TLSFactory, protocol: IProtocol) -> None:
        self._tls = tls
        self._protocol = protocol

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        self.stand_for(self._protocol)
        clear: Any = ClearTransport(transport, self)
        self._protocol.makeConnection(clear)

    def start_tls(self, successor: IProtocol) -> None:
        transport: Any = self.transport
        transport.unregisterProducer()
        connection = self._tls.connection(lambda: successor)
        self.stand_for(connection)
        connection.makeConnection(transport)


class ClearTransport:
    """The transport of a protocol that may ask for TLS."""

    def __init__(self, transport: ITransport, stand_in: _Clear) -> None:
        self._transport: Any = transport
        self._stand_in = stand_in
        directlyProvides(self, providedBy(transport))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def start_tls(self, successor: IProtocol) -> None:
        """Go on in TLS, with `successor`; what has been written before goes out in the clear."""
        self._transport = _Over(self._transport)
        self._stand_in.start_tls(successor)


class _Over:
    """A transport on which nothing can be done any more; it still knows who is at the other end."""

    disconnecting = True

    def __init__(self, transport: Any) -> None:
        self.getPeer = transport.getPeer
        self.getHost = transport.getHost

    def __getattr__(self, name: str) -> Any:
        return _nothing


def _nothing(*arguments: object, **settings: object) -> None:
    """Is done."""
