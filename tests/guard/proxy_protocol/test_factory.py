"""The PROXY protocol in front of a service's connections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IHalfCloseableProtocol, ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface import directlyProvides

from protocols.framing import Lines
from protocols.guard.access import Access, AccessFactory, Admission, Rule, Selector
from protocols.guard.proxy_protocol import ProxyProtocolFactory
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.proxy_header import ClientTLS, Place, ProxyHeader, encode_v1, encode_v2
from protocols.session import Credentials, Peer
from protocols.stream import StreamFactory

PROXY = IPv4Address("TCP", "192.0.2.1", 1)
HEADER = ProxyHeader(
    family="inet", source=Place("203.0.113.7", 56324), destination=Place("198.51.100.9", 443)
)
LINE = encode_v1(HEADER)
ALICE = ProxyHeader(
    family="inet6",
    source=Place("2001:db8::7", 1),
    destination=Place("2001:db8::9", 2),
    tls=ClientTLS("TLSv1.3", 0, True, True, "alice"),
)


async def who(message: bytes, peer: Peer) -> bytes:
    return f"{message.decode()} from {peer} {peer.user}".encode()


@pytest.fixture
def journal():
    return Journal("x")


@pytest.fixture
def stream(journal, clock):
    return StreamFactory(FunctionHandler(who, reactor=clock), Lines(), journal=journal, clock=clock)


@pytest.fixture
def behind(journal, clock, stream, fake_transport):
    """Connects to a service that 192.0.2.1 and clients of Unix sockets are proxies of."""

    def connect(address=PROXY, inner=stream):
        factory = ProxyProtocolFactory(inner, {"192.0.2.1", "unix"}, journal=journal, clock=clock)
        transport = fake_transport(peerAddress=address)
        directlyProvides(transport, ITCPTransport)
        protocol = factory.buildProtocol(address)
        protocol.makeConnection(transport)
        return protocol, transport, factory

    return connect


def test_who_stands_behind_a_proxy_is_seen_as_itself(behind, journal):
    gate, transport, _ = behind()
    assert journal.counts.connections == 0
    gate.dataReceived(LINE + b"hi\n")
    assert transport.value() == b"hi from tcp://203.0.113.7:56324 None\n"
    gate.dataReceived(b"again\n")
    assert transport.value().endswith(b"again from tcp://203.0.113.7:56324 None\n")
    assert journal.counts.connections == 1
    assert IHalfCloseableProtocol.providedBy(gate)
    gate.readConnectionLost()
    assert transport.disconnecting


@pytest.mark.parametrize("header", [LINE, encode_v2(HEADER), encode_v2(HEADER, checksum=True)])
def test_byte_by_byte(behind, header):
    gate, transport, _ = behind()
    for at in range(len(header)):
        gate.dataReceived(header[at : at + 1])
    gate.dataReceived(b"hi\n")
    assert transport.value() == b"hi from tcp://203.0.113.7:56324 None\n"


def test_nothing_is_left_to_do_for_each_read(behind):
    gate, _, _ = behind()
    gate.dataReceived(LINE)
    assert gate.dataReceived.__func__ is not type(gate).dataReceived


def test_a_certificate_that_the_proxy_has_verified(behind):
    gate, transport, _ = behind()
    gate.dataReceived(encode_v2(ALICE) + b"hi\n")
    assert transport.value() == b"hi from tls://[2001:db8::7]:1 alice\n"


@pytest.mark.parametrize(
    ("tls", "seen"),
    [
        (ClientTLS(verify=1, on_connection=True, in_session=True, common_name="alice"), b"tls None"),
        (ClientTLS(common_name="alice"), b"tls None"),
        (ClientTLS(on_connection=True, common_name=""), b"tls None"),
        (None, b"tcp None"),
    ],
)
def test_no_other_is_believed(behind, tls, seen):
    gate, transport, _ = behind()
    header = ProxyHeader(family="inet", source=HEADER.source, destination=HEADER.destination, tls=tls)
    gate.dataReceived(encode_v2(header) + b"hi\n")
    assert transport.value() == b"hi from %b://203.0.113.7:56324 %b\n" % tuple(seen.split())


def test_ipv4_written_as_ipv6_is_ipv4(behind):
    header = ProxyHeader(
        family="inet6", source=Place("::ffff:203.0.113.7", 1), destination=Place("::ffff:198.51.100.9", 2)
    )
    gate, transport, _ = behind()
    gate.dataReceived(encode_v2(header) + b"hi\n")
    assert transport.value() == b"hi from tcp://203.0.113.7:1 None\n"


@pytest.mark.parametrize(
    "header", [encode_v2(ProxyHeader(is_local=True)), encode_v2(ProxyHeader()), b"PROXY UNKNOWN\r\n"]
)
def test_a_proxy_that_speaks_for_nobody_is_seen_as_itself(behind, header):
    gate, transport, _ = behind()
    gate.dataReceived(header + b"hi\n")
    assert transport.value() == b"hi from tcp://192.0.2.1:1 None\n"


@pytest.mark.parametrize(
    ("header", "user"),
    [(encode_v2(ProxyHeader(is_local=True)), b"haproxy"), (encode_v2(ProxyHeader()), b"None")],
)
def test_whom_a_proxy_does_not_know_is_not_taken_for_its_account(behind, header, user):
    gate, transport, _ = behind(UNIXAddress(None))
    transport.identify = lambda peer: replace(peer, user="haproxy", credentials=Credentials(7, 7, 1))
    gate.dataReceived(header + b"hi\n")
    assert transport.value() == b"hi from unix:// " + user + b"\n"


def test_clients_of_a_unix_socket(behind):
    gate, transport, _ = behind(UNIXAddress(None))
    gate.dataReceived(LINE + b"hi\n")
    assert transport.value() == b"hi from tcp://203.0.113.7:56324 None\n"


@pytest.mark.parametrize(
    ("proxy", "seen"), [(UNIXAddress(None), b"unix:///run/a"), (PROXY, b"tcp://192.0.2.1:1")]
)
def test_a_proxy_of_this_machine_may_speak_for_a_client_of_a_unix_socket(behind, proxy, seen):
    gate, transport, _ = behind(proxy)
    header = ProxyHeader(family="unix", source=Place("/run/a"), destination=Place("/run/b"))
    gate.dataReceived(encode_v2(header) + b"hi\n")
    assert transport.value() == b"hi from " + seen + b" None\n"


def test_who_is_no_proxy_is_never_asked(behind):
    for address in (IPv4Address("TCP", "192.0.2.2", 1), IPv6Address("TCP", "::ffff:192.0.2.2", 1)):
        connection, transport, _ = behind(address)
        connection.dataReceived(LINE)
        assert transport.value() == LINE.strip() + b" from tcp://192.0.2.2:1 None\n"
    gate, transport, _ = behind(IPv6Address("TCP", "::ffff:192.0.2.1", 1))
    gate.dataReceived(LINE + b"hi\n")
    assert transport.value() == b"hi from tcp://203.0.113.7:56324 None\n"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n", b"PROXY TCP5 \r\n", b"\r\n\r\n\0\r\nQUIT\n\x51"])
def test_what_is_no_header_ends_the_connection(behind, journal, sent):
    gate, transport, factory = behind()
    gate.dataReceived(sent + bytes(16))
    assert transport.aborted
    gate.dataReceived(LINE + b"hi\n")
    assert transport.value() == b""
    assert (journal.counts.framing_errors, journal.counts.connections) == (1, 0)
    assert not factory.waiting


def test_so_does_one_that_does_not_come(behind, journal, clock):
    gate, transport, _ = behind()
    gate.dataReceived(LINE[:10])
    clock.advance(4.9)
    assert not transport.aborted
    clock.advance(0.2)
    assert transport.aborted
    assert journal.counts.framing_errors == 1


def test_one_that_came_has_no_deadline_any_more(behind, clock):
    gate, transport, _ = behind()
    gate.dataReceived(LINE)
    clock.advance(10)
    assert not transport.aborted


def test_one_that_leaves_before_leaves_nothing_behind(behind, journal, clock):
    gate, _, factory = behind()
    assert len(factory.waiting) == 1
    assert not IHalfCloseableProtocol.providedBy(gate)
    gate.connectionLost()
    assert not factory.waiting
    assert journal.counts.framing_errors == 0
    assert not clock.getDelayedCalls()


def test_rules_are_about_the_client(behind, stream, journal):
    rules = Access([Rule(False, Selector(networks={"203.0.113.7"}))])
    access = AccessFactory(stream, Admission(rules, journal=journal, final=True))
    gate, transport, _ = behind(inner=access)
    gate.dataReceived(LINE + b"hi\n")
    assert transport.disconnecting
    assert transport.value() == b""
    gate, transport, _ = behind(inner=access)
    gate.dataReceived(encode_v2(ALICE) + b"hi\n")
    assert transport.value() == b"hi from tls://[2001:db8::7]:1 alice\n"


def test_a_service_that_has_no_room_closes_the_connection(behind):
    class Full(Factory):
        def buildProtocol(self, addr):
            return None

    gate, transport, _ = behind(inner=Full())
    gate.dataReceived(LINE + b"hi\n")
    assert transport.disconnecting


def test_whose_connection_ends_within_its_first_read_hears_no_more(behind):
    heard = []

    class Once(Protocol):
        def dataReceived(self, data):
            heard.append(data)
            self.transport.loseConnection()

    gate, transport, _ = behind(inner=Factory.forProtocol(Once))
    gate.dataReceived(LINE + b"first")
    assert heard == [b"first"]
    assert transport.disconnecting


def test_the_transport_is_that_of_the_connection(behind):
    built = []

    class Inner(Protocol):
        def connectionMade(self):
            built.append(self.transport)

    gate, transport, _ = behind(inner=Factory.forProtocol(Inner))
    gate.dataReceived(LINE)
    assert ITCPTransport.providedBy(built[0])
    assert built[0].getPeer() == IPv4Address("TCP", "203.0.113.7", 56324)
    assert built[0].getHost() == IPv4Address("TCP", "198.51.100.9", 443)
    built[0].writeSequence([b"a", b"b"])
    built[0].abortConnection()
    assert transport.value() == b"ab"
    assert transport.aborted


def test_when_the_port_closes_who_has_said_nothing_is_not_waited_for(behind, stream):
    _, transport, factory = behind()
    factory.doStart()
    assert stream.numPorts == 1
    factory.doStop()
    assert stream.numPorts == 0
    assert transport.aborted
    assert not factory.waiting
