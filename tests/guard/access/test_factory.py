"""Access rules in front of a service's connections."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from zope.interface import implementer

from protocols.framing import Lines
from protocols.guard.access import Access, AccessFactory, Admission, Rule, Selector
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.session import Peer
from protocols.stream import StreamFactory

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EVE = frozenset({"eve"})


class Transport(StringTransport):
    """Of a peer at 192.0.2.1."""

    def __init__(self) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))
        self.aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802

    def abortConnection(self) -> None:  # noqa: N802
        self.aborted = True


class Identified(Transport):
    """Of one who has proved to be eve."""

    def identify(self, peer: Peer) -> Peer:
        return Peer(peer.transport, peer.host, peer.port, "eve")


async def shout(message: bytes) -> bytes:
    return message.upper()


@pytest.fixture
def journal():
    return Journal("x")


def everybody(journal):
    return Admission(Access([]), journal=journal, final=True)


@pytest.fixture
def gated(journal):
    """Connects to a service behind rules."""
    from twisted.internet.task import Clock

    clock = Clock()
    stream = StreamFactory(FunctionHandler(shout, reactor=clock), Lines(), journal=journal, clock=clock)

    def connect(*rules, transport=None, refusal="close", **settings):
        admission = Admission(
            Access(rules), journal=journal, moment=lambda: NOON, **{"final": True, **settings}
        )
        factory = AccessFactory(stream, admission, refusal=refusal)
        transport = transport or Transport()
        protocol = factory.buildProtocol(transport.getPeer())
        protocol.makeConnection(transport)
        return protocol, transport

    return connect


def test_who_may_come_in_is_served(gated, journal):
    protocol, transport = gated(Rule(True, Selector(networks={"192.0.2.1"})))
    protocol.dataReceived(b"hi\r\n")
    assert transport.value() == b"HI\n"
    assert journal.counts.connections == 1
    assert IHalfCloseableProtocol.providedBy(protocol)


def test_who_may_not_is_closed_before_anything_is_built(gated, journal):
    protocol, transport = gated(Rule(False, Selector(networks={"192.0.2.1"})))
    assert transport.disconnecting
    protocol.dataReceived(b"hi\r\n")
    assert transport.value() == b""
    assert journal.counts.connections == 0
    assert journal.counts.denied == 1
    assert not IHalfCloseableProtocol.providedBy(protocol)


def test_or_reset(gated):
    _, transport = gated(Rule(False, Selector()), refusal="reset")
    assert transport.aborted
    assert not transport.disconnecting


def test_of_whom_too_little_is_known_goes_on_to_where_more_is(gated):
    rule = Rule(True, Selector(users=EVE))
    _, transport = gated(rule, final=False)
    assert not transport.disconnecting
    _, transport = gated(rule, final=True)
    assert transport.disconnecting
    _, transport = gated(rule, final=True, transport=Identified())
    assert not transport.disconnecting


@implementer(ISSLTransport)
class Encrypted(Transport):
    """TLS, inside of which somebody is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.transport = Transport()

    def getPeerCertificate(self) -> object: ...  # noqa: N802


def test_inside_of_tls_a_handshake_is_passed_on(gated):
    protocol, transport = gated(transport=Encrypted())
    assert IHandshakeListener.providedBy(protocol)
    protocol.handshakeCompleted()
    protocol.dataReceived(b"hi\r\n")
    assert transport.value() == b"HI\n"


def test_inside_of_tls_nobody_waits_for_who_is_refused(gated):
    protocol, transport = gated(Rule(False, Selector()), transport=Encrypted())
    assert (transport.disconnecting, transport.transport.disconnecting) == (True, True)
    assert not IHandshakeListener.providedBy(protocol)


def test_a_proxy_of_http_speaks_for_others(gated):
    _, transport = gated(Rule(True, Selector(networks={"10.0.0.1"})), passes={"192.0.2.1"})
    assert not transport.disconnecting


def test_a_factory_that_refuses_closes_the_connection(journal):
    class Full(Factory):
        def buildProtocol(self, addr):
            return None

    transport = Transport()
    factory = AccessFactory(Full(), everybody(journal))
    factory.buildProtocol(transport.getPeer()).makeConnection(transport)
    assert transport.disconnecting


def test_the_factory_inside_is_started_and_stopped(journal):
    inner = Factory.forProtocol(Protocol)
    factory = AccessFactory(inner, everybody(journal))
    factory.doStart()
    assert inner.numPorts == 1
    factory.doStop()
    assert inner.numPorts == 0
