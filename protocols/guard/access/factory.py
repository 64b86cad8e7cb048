"""Access rules in front of a service's connections."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from twisted.internet.interfaces import IAddress, IProtocolFactory, ISSLTransport, ITransport

from protocols.guard.access.admission import Admission
from protocols.guard.front import FrontFactory
from protocols.peer_address import stream_peer
from protocols.stand_in import StandIn

Refusal: TypeAlias = Literal["close", "reset"]
"""How a refused client is told: by the end of the stream, or by a reset (RFC 9293, section 3.10.7)."""


class AccessFactory(FrontFactory):
    """Lets `admission` decide, before a protocol is built and a byte is read, whom `factory` serves.

    Inside of TLS that is once hands have been shaken, when a certificate is known.

    :param refusal: how those that may not come in are told.
    """

    def __init__(
        self, factory: IProtocolFactory, admission: Admission, *, refusal: Refusal = "close"
    ) -> None:
        super().__init__(factory)
        self.admission = admission
        self.refusal = refusal

    def buildProtocol(  # type: ignore[override]  # nobody accepts without an address
        self, addr: IAddress
    ) -> AccessGate:
        return AccessGate(self, addr)


class AccessGate(StandIn):
    """Stands for a connection until it is known whether that may be."""

    def __init__(self, factory: AccessFactory, address: IAddress) -> None:
        self._gate = factory
        self._address = address

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        inner = self._gate.inner.buildProtocol(self._address) if self._may_pass(transport) else None
        if inner is None:
            refuse(transport, self._gate.refusal)
            return
        self.stand_for(inner)
        inner.makeConnection(transport)

    def _may_pass(self, transport: ITransport) -> bool:
        return self._gate.admission.admits(stream_peer(transport))


def refuse(transport: Any, how: Refusal) -> None:
    """Have the peer of `transport` know that it may not come in."""
    if how == "reset":
        transport.abortConnection()
        return
    is_encrypted = ISSLTransport.providedBy(transport)
    transport.loseConnection()
    if is_encrypted:
        transport.transport.loseConnection()  # nobody waits for the client's close_notify
