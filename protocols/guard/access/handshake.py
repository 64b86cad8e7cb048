"""Access rules inside of TLS, which ask for the certificate of a peer."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IAddress, IHandshakeListener, IProtocol, IProtocolFactory, ITransport
from twisted.internet.protocol import Factory
from zope.interface import implementer

from protocols.guard.access.admission import Admission
from protocols.guard.access.factory import Refusal, refuse
from protocols.peer_address import stream_peer
from protocols.stand_in import StandIn


class HandshakeAccessFactory(Factory):
    """Lets `admission` decide, once TLS has shaken hands and before anything is read, whom `factory` serves.

    What `factory` builds is connected at once: it counts the connection, and gives up a handshake that does
    not end.

    :param refusal: how those that may not come in are told.
    """

    noisy = False

    def __init__(
        self, factory: IProtocolFactory, admission: Admission, *, refusal: Refusal = "close"
    ) -> None:
        self.inner = factory
        self.admission = admission
        self.refusal = refusal

    def doStart(self) -> None:
        self.inner.doStart()

    def doStop(self) -> None:
        self.inner.doStop()

    def buildProtocol(  # type: ignore[override]  # every factory may refuse a connection
        self, addr: IAddress
    ) -> HandshakeGate | None:
        inner = self.inner.buildProtocol(addr)
        return None if inner is None else HandshakeGate(self, inner)


@implementer(IHandshakeListener)
class HandshakeGate(StandIn):
    """Stands for a connection, and hears of the handshake before it does."""

    def __init__(self, factory: HandshakeAccessFactory, inner: IProtocol) -> None:
        self._gate = factory
        self._inner = inner

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        self.stand_for(self._inner)
        self._inner.makeConnection(transport)

    def handshakeCompleted(self) -> None:
        """Everything is known of the peer that will be (IHandshakeListener)."""
        transport: Any = self.transport
        if not self._gate.admission.admits(stream_peer(transport)):
            self.dataReceived = _ignore  # type: ignore[method-assign]
            refuse(transport, self._gate.refusal)
        elif IHandshakeListener.providedBy(self._inner):
            IHandshakeListener(self._inner).handshakeCompleted()


def _ignore(data: bytes) -> None:
    """What has come with the end of the handshake is nobody's to hear."""
