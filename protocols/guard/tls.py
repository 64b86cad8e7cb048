"""TLS around any stream factory, by pyOpenSSL through Twisted."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    ITransport,
)
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer

from protocols.guard.tls_records import RecordCounter

CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    b"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
"""For TLS 1.2: ephemeral key exchange and authenticated encryption only, as Mozilla's intermediate profile
recommends.  TLS 1.3 has its own five, all of that kind."""


LARGEST_RECORD = 2**14
"""Bytes of the content of a record at most (RFC 8446, section 5.1)."""

WRITE_SIZE = 4 * LARGEST_RECORD
"""Bytes given to the transport at once: four full records, about what it holds before it asks for a pause."""

OVERHEAD = 4096
"""Room for what encryption adds to that, 22 to 50 bytes a record, and for messages of the handshake that go
with the first bytes."""


def server_context(certificate: Path, key: Path, protocols: Sequence[bytes] = ()) -> SSL.Context:
    """A server's side of TLS 1.2 and 1.3.

    :param certificate: PEM: the server's certificate, then the intermediate ones.
    :param key: PEM: its private key, not encrypted.
    :param protocols: what is spoken inside, for ALPN (RFC 7301), the preferred first.  A client that
        offers others, or a server that names none, goes on without: the service may be one that ALPN has
        no name for.

    Raises :class:`OpenSSL.SSL.Error` if the files do not hold a matching pair.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
    context.use_certificate_chain_file(str(certificate))
    context.use_privatekey_file(str(key))
    context.check_privatekey()

    def choose(connection: SSL.Connection, offered: list[bytes]) -> object:
        for protocol in protocols:
            if protocol in offered:
                return protocol
        return SSL.NO_OVERLAPPING_PROTOCOLS

    context.set_alpn_select_callback(choose)  # type: ignore[arg-type]  # the sentinel is part of its contract
    return context


class TLSConnection(TLSMemoryBIOProtocol):
    """One TLS connection, whose peer may say that it has finished and still be answered.

    A close_notify ends one direction only (RFC 8446, section 6.1).  Twisted answers it by closing the
    other one too; here the wrapped protocol hears ``readConnectionLost``, if it is an
    :class:`IHalfCloseableProtocol`, and our own close_notify goes out when it calls ``loseConnection``.
    """

    _peer_finished = False

    def makeConnection(self, transport: ITransport) -> None:
        self._records = RecordCounter()
        super().makeConnection(transport)

    def dataReceived(self, bytes: builtins.bytes) -> None:  # noqa: A002 - Twisted's name
        """As Twisted's, without the two questions to OpenSSL of every read whose answer is "nothing"."""
        records = self._records.feed(bytes)
        if not self._handshakeDone or self._appSendBuffer:
            super().dataReceived(bytes)
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
            # From now on, and not before, the end of the TCP stream is no news.
            alsoProvides(self, IHalfCloseableProtocol)
            self.wrappedProtocol.readConnectionLost()
        return True

    def readConnectionLost(self) -> None:
        """The peer has ended its TCP stream behind its close_notify (IHalfCloseableProtocol)."""

    def writeConnectionLost(self) -> None:
        """Our TCP stream is ended (IHalfCloseableProtocol)."""
        IHalfCloseableProtocol(self.wrappedProtocol).writeConnectionLost()


class _HalfClosingSSL(SSL.Connection):
    """OpenSSL's side of a :class:`TLSConnection`, which it asks what a close_notify is to mean."""

    def __init__(self, context: SSL.Context, protocol: TLSConnection) -> None:
        super().__init__(context, None)
        self._protocol = protocol

    def recv(self, bufsiz: int, flags: int | None = None) -> bytes:
        try:
            return super().recv(bufsiz, flags)
        except SSL.ZeroReturnError:
            if self._is_closed() or not self._protocol.peer_finished() or self._is_closed():
                raise
            # To Twisted's loop this is a peer that is silent.
            raise SSL.WantReadError from None

    def _is_closed(self) -> bool:
        return bool(self.get_shutdown() & SSL.SENT_SHUTDOWN)


@implementer(IOpenSSLServerConnectionCreator)
class _FromContext:
    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def serverConnectionForTLS(  # type: ignore[override]  # the only protocol that our factory makes
        self, tlsProtocol: TLSConnection
    ) -> SSL.Connection:
        return _HalfClosingSSL(self._context, tlsProtocol)


class TLSFactory(TLSMemoryBIOFactory):
    """Wraps `factory` in the server's side of TLS."""

    noisy = False
    # Not the buffering one: it keeps what was written until the next turn of the reactor, and what we
    # wrap gathers by itself.
    protocol = TLSConnection

    def __init__(self, context: SSL.Context, factory: IProtocolFactory) -> None:
        super().__init__(_FromContext(context), False, factory)

    def buildProtocol(  # type: ignore[override]  # every factory may refuse a connection
        self, addr: IAddress | None
    ) -> TLSConnection | None:
        # Twisted's own wraps whatever it gets, also the None by which a factory refuses a connection.
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)
