"""Access rules that ask for a certificate, inside of TLS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import StringTransport
from zope.interface import implementer

from protocols.framing import Lines
from protocols.guard.access import (
    Access,
    Admission,
    CertificatePattern,
    HandshakeAccessFactory,
    Rule,
    Selector,
)
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.session import Certificate, Peer
from protocols.stream import StreamFactory

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RULE = Rule(True, Selector(certificates=[CertificatePattern.parse("CN=dev*")]))


@implementer(ISSLTransport)
class TLSTransport(StringTransport):
    """TLS whose peer may turn out to have a certificate."""

    certificate: Certificate | None = None
    aborted = False

    def __init__(self) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802

    def getPeerCertificate(self) -> object: ...  # noqa: N802

    def abortConnection(self) -> None:  # noqa: N802
        self.aborted = True

    def identify(self, peer: Peer) -> Peer:
        return replace(peer, certificate=self.certificate)


def certificate(name: str) -> Certificate:
    return Certificate(name, (), "ab" * 32, NOON)


async def shout(message: bytes) -> bytes:
    return message.upper()


@pytest.fixture
def journal():
    return Journal("x")


@pytest.fixture
def connect(clock, journal):
    def connect(factory=None, refusal="close"):
        stream = StreamFactory(FunctionHandler(shout, reactor=clock), Lines(), journal=journal, clock=clock)
        admission = Admission(Access([RULE]), journal=journal, final=True)
        gated = HandshakeAccessFactory(factory or stream, admission, refusal=refusal)
        transport = TLSTransport()
        protocol = gated.buildProtocol(transport.getPeer())
        protocol.makeConnection(transport)
        return protocol, transport

    return connect


def test_who_has_the_certificate_is_served(connect, journal):
    protocol, transport = connect()
    assert IHalfCloseableProtocol.providedBy(protocol)
    assert journal.counts.connections == 1  # whose handshake may take its time, and no longer
    transport.certificate = certificate("dev7")
    protocol.handshakeCompleted()
    protocol.dataReceived(b"hi\n")
    assert transport.value() == b"HI\n"


@pytest.mark.parametrize("name", ["eve", None])
def test_who_has_not_is_not_read_from(connect, journal, name):
    protocol, transport = connect()
    transport.certificate = certificate(name) if name else None
    protocol.handshakeCompleted()
    protocol.dataReceived(b"hi\n")
    assert (transport.value(), transport.disconnecting) == (b"", True)
    assert journal.counts.denied == 1
    protocol.connectionLost(connectionDone)


def test_or_is_reset(connect):
    protocol, transport = connect(refusal="reset")
    protocol.handshakeCompleted()
    assert (transport.aborted, transport.disconnecting) == (True, False)


def test_a_protocol_that_does_not_ask_for_the_handshake(connect):
    class Quiet(Protocol):
        def dataReceived(self, data):
            self.transport.write(data)

    assert not IHandshakeListener.implementedBy(Quiet)
    protocol, transport = connect(Factory.forProtocol(Quiet))
    transport.certificate = certificate("dev7")
    protocol.handshakeCompleted()
    protocol.dataReceived(b"a")
    assert transport.value() == b"a"


def test_a_factory_that_refuses(journal):
    class Full(Factory):
        def buildProtocol(self, addr):
            return None

    gated = HandshakeAccessFactory(Full(), Admission(Access([]), journal=journal, final=True))
    assert gated.buildProtocol(None) is None


def test_the_factory_inside_is_started_and_stopped(journal):
    inner = Factory.forProtocol(Protocol)
    gated = HandshakeAccessFactory(inner, Admission(Access([]), journal=journal, final=True))
    gated.doStart()
    assert inner.numPorts == 1
    gated.doStop()
    assert inner.numPorts == 0
