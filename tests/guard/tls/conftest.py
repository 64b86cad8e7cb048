"""Certificates made anew for each run, and handshakes in memory."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from protocols.guard.tls import (
    CertificateFiles,
    ClientRule,
    ServerTLS,
    TLSFactory,
    TLSSettings,
)
from protocols.journal import Journal
from protocols.peer_address import stream_peer


class TCPTransport(StringTransport):
    """A transport of TCP, from 192.0.2.1 unless another source is given."""

    def __init__(self, source: str = "192.0.2.1") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", source, 4000))

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        assert enabled

    def unregisterProducer(self) -> None:  # noqa: N802
        self.producer = None


@implementer(IHalfCloseableProtocol)
class Inner(Protocol):
    """What is inside: notes what it hears, and greets."""

    def __init__(self, factory: InnerFactory) -> None:
        self.factory: Any = factory
        self.heard = b""
        self.lost: Any = None
        self.peer: Any = None

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.peer = stream_peer(self.transport)
        self.transport.write(b"welcome\n")

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def readConnectionLost(self) -> None:
        self.transport.loseConnection()  # type: ignore[union-attr]

    def writeConnectionLost(self) -> None: ...
    def connectionLost(self, reason: Any = None) -> None:
        self.lost = reason


class InnerFactory(Factory):
    noisy = False

    def __init__(self, *, refuses: bool = False) -> None:
        self.built: list[Inner] = []
        self.refuses = refuses

    def buildProtocol(self, addr: Any) -> Inner | None:
        if self.refuses:
            return None
        self.built.append(Inner(self))
        return self.built[-1]


class Peer:
    """A client in memory and the connection it has to a service, carried by hand."""

    def __init__(self, factory: Any, client: ssl.SSLContext, name: str | None, session: Any = None) -> None:
        self.protocol = factory.buildProtocol(None)
        self.transport = TCPTransport()
        self.protocol.makeConnection(self.transport)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = client.wrap_bio(self.incoming, self.outgoing, server_hostname=name, session=session)

    def carry(self) -> None:
        """What the client has written to the service, and what that has answered."""
        if self.outgoing.pending:
            self.protocol.dataReceived(self.outgoing.read())
        self.incoming.write(self.transport.value())
        self.transport.clear()

    def shake(self) -> Peer:
        """Raises :class:`ssl.SSLError` if the service breaks it off."""
        for _ in range(6):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.end.do_handshake()
            self.carry()
        self.end.do_handshake()
        return self

    def read(self) -> bytes:
        """What the service has sent; raises what ended it."""
        self.carry()
        return self.end.read(65_536)

    def send(self, data: bytes) -> None:
        self.end.write(data)
        self.carry()


def leaf(files: CertificateFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]


class Kit:
    """An authority, and files of what it has issued."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)

    def issue(self, *names: str, file: str = "", **settings: Any) -> CertificateFiles:
        """A certificate for `names`, and its key, in two files."""
        stem = file or names[0].replace("*", "_")
        issued = self.authority.issue_cert(*names, **settings)
        pem, key = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        pem.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return CertificateFiles(pem, key)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())

    @property
    def key(self) -> Any:
        return load_pem_private_key(self.authority.private_key_pem.bytes(), None)

    def revoke(self, *revoked: CertificateFiles, days: float = 1, file: str = "crl.pem") -> Path:
        """The file of a list that is good for so many days more."""
        moment = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(
            self.certificate.subject, moment - timedelta(days=9), moment + timedelta(days=days)
        )
        for each in revoked:
            entry = x509.RevokedCertificateBuilder(leaf(each).serial_number, moment - timedelta(days=9))
            builder = builder.add_revoked_certificate(entry.build())
        path = self.folder / file
        path.write_bytes(builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM))
        return path

    def staple(
        self,
        files: CertificateFiles,
        *,
        days: float = 1,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        file: str = "ocsp.der",
    ) -> Path:
        """The file of a response for the certificate of `files`, that is good for so many days more."""
        moment = datetime.now(UTC)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=leaf(files),
            issuer=self.certificate,
            algorithm=SHA1(),
            cert_status=status,
            this_update=moment - timedelta(days=9),
            next_update=moment + timedelta(days=days),
            revocation_time=moment if revoked else None,
            revocation_reason=None,
        )
        response = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate).sign(
            self.key, SHA256()
        )
        path = self.folder / file
        path.write_bytes(response.public_bytes(Encoding.DER))
        return path

    def client(
        self,
        *,
        version: ssl.TLSVersion | None = None,
        certificate: CertificateFiles | None = None,
        authority: trustme.CA | None = None,
    ) -> ssl.SSLContext:
        context = ssl.create_default_context()
        (authority or self.authority).configure_trust(context)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if certificate is not None:
            context.load_cert_chain(certificate.certificate, certificate.key)
        return context


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return Kit(tmp_path_factory.mktemp("kit"))


@pytest.fixture(scope="session")
def new_kit() -> type[Kit]:
    return Kit


@pytest.fixture(scope="session")
def tcp_transport() -> type[TCPTransport]:
    return TCPTransport


class Service:
    """A factory of TLS around one that notes, on a fake clock."""

    def __init__(self, server: ServerTLS, clock: Any, *, refuses: bool = False, **limits: Any) -> None:
        self.server = server
        self.journal = Journal("tested")
        self.inner = InnerFactory(refuses=refuses)
        self.factory = TLSFactory(server, self.inner, journal=self.journal, clock=clock, **limits)

    @property
    def counts(self) -> Any:
        return self.journal.counts

    def connect(self, client: ssl.SSLContext, name: str | None = None, session: Any = None) -> Peer:
        """A client that has not shaken hands yet."""
        return Peer(self.factory, client, name, session)

    def peer_of(self, client: ssl.SSLContext, name: str | None = None) -> Any:
        """What the service knows of a client."""
        self.connect(client, name).shake()
        return self.inner.built[-1].peer


@pytest.fixture
def serve(clock: Any) -> Any:
    """Serve with settings of TLS: certificates, and keywords of TLSSettings or of the factory."""

    def serve(*certificates: CertificateFiles, refuses: bool = False, **settings: Any) -> Service:
        limits = {key: settings.pop(key) for key in ("handshake", "pending") if key in settings}
        server = ServerTLS(TLSSettings(certificates, **settings), "tested")
        return Service(server, clock, refuses=refuses, **limits)

    return serve


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return request.param


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What is logged as a warning, in words."""
    seen: list[str] = []

    def observe(event: LogEvent) -> None:
        if event["log_level"] is LogLevel.warn:
            seen.append(str(formatEvent(event)))

    globalLogPublisher.addObserver(observe)
    yield seen
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def rule(kit: Kit) -> ClientRule:
    """Clients must have a certificate of the authority."""
    return ClientRule(kit.ca)


@pytest.fixture(scope="session")
def reading_hello() -> Any:
    """What a client sends first, for a name."""

    def hello(name: str | None, client: ssl.SSLContext | None = None) -> bytes:
        context = client or ssl.create_default_context()
        outgoing = ssl.MemoryBIO()
        if name is None:
            context.check_hostname = False
        end = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
        return outgoing.read()

    return hello
