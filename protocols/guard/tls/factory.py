"""TLS around any stream factory."""

from __future__ import annotations

from collections.abc import Callable

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
)
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from protocols.guard.tls.connection import TLSConnection
from protocols.guard.tls.half_closing import HalfClosingSSL
from protocols.guard.tls.handshakes import HANDSHAKE, PENDING, Handshakes
from protocols.guard.tls.server import ServerTLS
from protocols.journal import Journal


@implementer(IOpenSSLServerConnectionCreator)
class _Present:
    """Makes connections of what the certificates are when they come."""

    def __init__(self, tls: ServerTLS) -> None:
        self._tls = tls

    def serverConnectionForTLS(  # type: ignore[override]  # the only protocol that our factory makes
        self, tlsProtocol: TLSConnection
    ) -> SSL.Connection:
        return HalfClosingSSL(self._tls.table.default.context, tlsProtocol)


class TLSFactory(TLSMemoryBIOFactory):
    """Wraps `factory` in the server's side of TLS.

    :param handshake: seconds that a handshake may take.
    :param pending: handshakes at once.
    """

    noisy = False
    # Not the buffering one: it keeps what was written until the next turn of the reactor, and what we
    # wrap gathers by itself.
    protocol = TLSConnection

    def __init__(
        self,
        tls: ServerTLS,
        factory: IProtocolFactory,
        *,
        journal: Journal,
        clock: IReactorTime,
        handshake: float = HANDSHAKE,
        pending: int = PENDING,
    ) -> None:
        super().__init__(_Present(tls), False, factory, clock)
        self.tls = tls
        self.journal = journal
        self.handshakes = Handshakes(clock, handshake, pending)

    def buildProtocol(self, addr: IAddress | None) -> TLSConnection:
        def build() -> IProtocol | None:
            inner: IProtocol | None = self.wrappedFactory.buildProtocol(addr)
            return inner

        return self.connection(build)

    def connection(self, build: Callable[[], IProtocol | None]) -> TLSConnection:
        """One connection, and what builds the protocol inside once its handshake is done."""
        return self.protocol(self, build)

    def tls_connection(self, protocol: TLSConnection, context: SSL.Context) -> SSL.Connection:
        """The server's end of a connection with `context`."""
        connection = HalfClosingSSL(context, protocol)
        connection.set_accept_state()
        return connection

    def stopFactory(self) -> None:
        """Nobody is listened to any more: those who have not come in yet will not."""
        self.handshakes.end_all()
