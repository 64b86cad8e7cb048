"""TLS on one connection, by pyOpenSSL through Twisted."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IProtocol,
    ITransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import alsoProvides, directlyProvides, providedBy

from protocols.guard.tls.client_hello import HelloReader
from protocols.guard.tls.identity import certificate_of
from protocols.guard.tls.records import RecordCounter
from protocols.guard.tls.table import Host
from protocols.peer_address import plain_host, stream_peer
from protocols.session import Certificate, Peer
from protocols.source import source_of

if TYPE_CHECKING:
    from protocols.guard.tls.factory import TLSFactory

LARGEST_RECORD = 2**14
"""Bytes of the content of a record at most (RFC 8446, section 5.1)."""

WRITE_SIZE = 4 * LARGEST_RECORD
"""Bytes given to the transport at once: four full records, about what it holds before it asks for a pause."""

OVERHEAD = 4096
"""Room for what encryption adds to that, 22 to 50 bytes a record, and for messages of the handshake that go
with the first bytes."""


_NOBODY = Protocol()
"""Stands for the protocol inside until there is one."""


class TLSConnection(TLSMemoryBIOProtocol):
    """One TLS connection.

    The protocol inside is built and connected once the handshake is done, so that it knows from its first
    moment who is at the other end, and a client that never comes to that costs nobody but us.

    A close_notify ends one direction only (RFC 8446, section 6.1).  Twisted answers it by closing the
    other one too; here the wrapped protocol hears ``readConnectionLost``, if it is an
    :class:`IHalfCloseableProtocol`, and our own close_notify goes out when it calls ``loseConnection``.
    """

    factory: TLSFactory

    due: float | None = None
    source = ""
    governs: Callable[[str], bool] | None = None
    """Whether this connection is good for requests to a host, which may have a port; ``None`` where clients
    need not prove more for one name than for another."""

    _peer_finished = False
    _given_up = False
    _hello: HelloReader | None = None
    _certificate: Certificate | None = None
    _host: Host

    def __init__(self, factory: TLSFactory, build: Callable[[], IProtocol | None]) -> None:
        super().__init__(factory, _NOBODY, _connectWrapped=False)
        self._build = build

    def makeConnection(self, transport: ITransport) -> None:
        self._records = RecordCounter()
        table = self.factory.tls.table
        self._host = table.default
        if not table.is_single:
            self._hello = HelloReader()
        self.source = source_of(plain_host(getattr(transport.getPeer(), "host", "")))
        super().makeConnection(transport)
        directlyProvides(self, providedBy(transport))
        self.factory.handshakes.began(self)

    def dataReceived(self, bytes: builtins.bytes) -> None:  # noqa: A002 - Twisted's name
        """As Twisted's, without the two questions to OpenSSL of every read whose answer is "nothing"."""
        records = self._records.feed(bytes)
        if not self._handshakeDone or self._appSendBuffer:
            hello = bytes if self._hello is None else self._read_hello(bytes)
            if hello is not None:
                super().dataReceived(hello)
            return
        tls = self._tlsConnection
        tls.bio_write(bytes)
        deliver = self.wrappedProtocol.dataReceived
        for _ in range(records):
            try:
                data = tls.recv(LARGEST_RECORD)
            except (SSL.WantReadError, SSL.ZeroReturnError):
                # A record of the protocol's own, or the end: Twisted knows what is to be said to that.
                self._flushReceiveBIO()
                return
            except SSL.Error:
                self._tlsShutdownFinished(Failure())
                return
            if not self._aborted:
                deliver(data)
            if self._lostTLSConnection:
                return

    # -- the handshake -------------------------------------------------------------------------------

    def _read_hello(self, data: builtins.bytes) -> builtins.bytes | None:
        """What OpenSSL is to read, once it is known for which name."""
        assert self._hello is not None
        whole = self._hello.feed(data)
        if whole is None:
            return None
        name = self._hello.name
        self._hello = None
        host = self.factory.tls.table.find(name)
        if host is not self._host:
            self._host = host
            self._tlsConnection = self.factory.tls_connection(self, host.context)
        return whole

    def _checkHandshakeStatus(self) -> None:  # noqa: N802 - Twisted's name
        super()._checkHandshakeStatus()
        if self._handshakeDone:
            self._connect()

    def _connect(self) -> None:
        """The handshake is done: connect what is inside."""
        self.factory.handshakes.ended(self)
        try:
            found = self._tlsConnection.get_peer_certificate(as_cryptography=True)
            if found is not None:
                self._certificate = certificate_of(found)
        except ValueError as error:  # OpenSSL is less strict about how it is written
            self.factory.journal.handshake_failed(stream_peer(self), f"the client's certificate: {error}")
            self.abortConnection()
            return
        if self.factory.tls.table.has_rules_by_name:
            self.governs = self._governs
        inner: Any = self._build()
        del self._build
        if inner is None:
            self.loseConnection()
            assert self.transport is not None
            self.transport.loseConnection()  # nobody waits for the client's close_notify
            return
        self.wrappedProtocol = inner
        inner.makeConnection(self)
        if IHandshakeListener.providedBy(inner):
            inner.handshakeCompleted()

    def _governs(self, host: str) -> bool:
        return self.factory.tls.table.find_host(host).rule == self._host.rule

    def time_out(self) -> None:
        """The handshake takes too long."""
        self.factory.handshakes.ended(self)
        self.factory.journal.handshake_late(stream_peer(self), self.factory.handshakes.seconds)
        self._give_up()

    def give_way(self) -> None:
        """There are too many handshakes."""
        self.factory.journal.handshake_dropped(stream_peer(self), self.factory.handshakes.limit)
        self._give_up()

    def _give_up(self) -> None:
        self._given_up = True
        self.abortConnection()

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:  # noqa: N802 - Twisted's name
        """As Twisted's, without the frames of the traceback: they hold this connection, and with it all that
        OpenSSL has for it, until the garbage collector comes."""
        if reason is not None:
            reason.tb = None
            if reason.value is not None:
                reason.value.__traceback__ = None
        super()._tlsShutdownFinished(reason)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._handshakeDone:
            self.factory.handshakes.ended(self)
            if not self._given_up:
                self.factory.journal.handshake_failed(stream_peer(self), _why(self._reason or reason))
        super().connectionLost(reason)

    @property
    def tls_version(self) -> str:
        """What is spoken, such as ``TLSv1.3``."""
        return self._tlsConnection.get_protocol_version_name()

    def identify(self, peer: Peer) -> Peer:
        """`peer`, with what its certificate says (IdentifiedTransport)."""
        below = getattr(self.transport, "identify", None)
        known: Peer = peer if below is None else below(peer)
        certificate = self._certificate
        if certificate is None:
            return known
        return replace(known, user=certificate.subject or known.user, certificate=certificate)

    # -- once it is done -----------------------------------------------------------------------------

    def _write(self, bytes: builtins.bytes) -> None:  # noqa: A002 - Twisted's name
        """As Twisted's, with several records in one write of the transport's."""
        for start in range(0, len(bytes), WRITE_SIZE):
            if self._lostTLSConnection:
                return
            rest = bytes[start : start + WRITE_SIZE]
            room = len(rest) + OVERHEAD
            try:
                while rest:
                    # A record at a time, or less where the peer asked for that (RFC 6066, section 4).
                    rest = rest[self._tlsConnection.send(rest) :]
            except SSL.WantReadError:
                self._bufferedWrite(rest)  # the handshake is not done
            except SSL.Error:
                self._tlsShutdownFinished(Failure())
                return
            self._pass_on(room)

    def _pass_on(self, room: int) -> None:
        """Give the transport all that is encrypted, `room` bytes at a time."""
        transport = self.transport
        assert transport is not None
        read = room
        while read == room:
            try:
                encrypted = self._tlsConnection.bio_read(room)
            except SSL.WantReadError:
                return  # there is no more
            transport.write(encrypted)
            read = len(encrypted)

    def peer_finished(self) -> bool:
        """The peer's close_notify has been read: whether the wrapped protocol goes on and closes itself."""
        if not IHalfCloseableProtocol.providedBy(self.wrappedProtocol):
            return False
        if not self._peer_finished:
            self._peer_finished = True
            # From now on, and not before, the end of the TCP stream is no news.  Who stands in front of this
            # is asked for what this provides.
            alsoProvides(self, IHalfCloseableProtocol)
            self.wrappedProtocol.readConnectionLost()
        return True

    def readConnectionLost(self) -> None:
        """The peer has ended its TCP stream behind its close_notify (IHalfCloseableProtocol)."""

    def writeConnectionLost(self) -> None:
        """Our TCP stream is ended (IHalfCloseableProtocol)."""
        IHalfCloseableProtocol(self.wrappedProtocol).writeConnectionLost()


def _why(failure: Failure) -> str:
    """What was wrong with a handshake, in OpenSSL's words."""
    error = failure.value
    if isinstance(error, SSL.Error):
        reasons = error.args[0] if error.args else ()
        words = [each[-1] for each in reasons] if isinstance(reasons, list | tuple) else []
        return "; ".join(words) or "the client broke it off"
    return failure.getErrorMessage()
