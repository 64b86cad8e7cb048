"""Clients that do not come to the end of a handshake, or break the rules behind it: no failure is logged, at
which a fixture looks, and nobody else is the worse for it."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from protocols.guard.tls import ClientRule, NameSettings, ServerTLS, TLSFactory, TLSSettings
from protocols.guard.tls.handshakes import HANDSHAKE
from protocols.journal import Journal


@pytest.fixture(params=["one certificate", "several"])
def service(kit, serve, request):
    more = [kit.issue("b.test")] if request.param == "several" else []
    return serve(kit.issue("a.test"), *more, pending=4)


def lose(peer):
    peer.protocol.connectionLost(Failure(ConnectionDone()))


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n" * 10,
        bytes(1000),
        b"\x16\3\1\0\4\1\0\0\0",
        b"\x16\3\1\xff\xff" + bytes(70_000),
        b"\x15\3\1\0\2\2\50",
        b"\x16\3\1\0\0" * 10,
        b"\x17\3\3\0\5hello",
    ],
)
def test_what_is_no_handshake(service, kit, clock, garbage):
    peer = service.connect(kit.client(), "a.test")
    peer.protocol.dataReceived(garbage)
    clock.advance(HANDSHAKE)
    assert peer.transport.disconnecting or peer.transport.disconnected
    lose(peer)
    assert service.counts.failed_handshakes + service.counts.late_handshakes == 1
    assert service.inner.built == []
    assert len(service.factory.handshakes) == 0
    assert clock.getDelayedCalls() == []


def test_a_client_that_stands_still(service, kit, clock):
    stalled, peer = service.connect(kit.client(), "a.test"), service.connect(kit.client(), "a.test")
    peer.shake()
    clock.advance(HANDSHAKE - 0.1)
    assert not stalled.transport.disconnected
    clock.advance(0.1)
    assert stalled.transport.disconnected
    assert service.counts.late_handshakes == 1
    lose(stalled)
    assert service.counts.failed_handshakes == 0
    assert not peer.transport.disconnected
    peer.send(b"still here")
    assert service.inner.built[0].heard == b"still here"


def test_a_byte_each_second(service, kit, clock, reading_hello):
    peer = service.connect(kit.client(), "a.test")
    for byte in reading_hello("a.test"):
        if peer.transport.disconnected:
            break
        peer.protocol.dataReceived(bytes([byte]))
        clock.advance(1)
    assert clock.seconds() == HANDSHAKE
    lose(peer)
    assert service.counts.late_handshakes == 1


def test_too_many_at_once(service, kit):
    peers = [service.connect(kit.client(), "a.test") for _ in range(5)]
    assert [peer.transport.disconnected for peer in peers] == [True, False, False, False, False]
    assert service.counts.dropped_handshakes == 1
    for peer in peers[1:]:
        peer.shake()
    service.connect(kit.client(), "a.test").shake()
    assert len(service.inner.built) == 5


def test_a_client_that_leaves(service, kit, clock):
    peer = service.connect(kit.client(), "a.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        peer.end.do_handshake()
    peer.carry()
    lose(peer)
    assert service.counts.failed_handshakes == 1
    assert clock.getDelayedCalls() == []


def test_nobody_listens_any_more(service, kit, clock):
    peer = service.connect(kit.client(), "a.test")
    done = service.connect(kit.client(), "a.test").shake()
    service.factory.doStart()
    service.factory.doStop()
    assert peer.transport.disconnected
    assert not done.transport.disconnected
    assert clock.getDelayedCalls() == []


def test_a_service_that_is_full_says_so_inside(kit, serve):
    service = serve(kit.issue("a.test"), refuses=True)
    peer = service.connect(kit.client(), "a.test").shake()
    assert peer.read() == b""  # the end, and no error
    peer.protocol.dataReceived(b"whatever comes")
    assert peer.transport.disconnecting
    lose(peer)
    assert service.counts.failed_handshakes == 0


def test_a_record_that_is_too_long(service, kit):
    peer = service.connect(kit.client(), "a.test").shake()
    peer.protocol.dataReceived(b"\x17\3\3\x41\x01" + bytes(0x4101))
    assert peer.transport.disconnecting
    lose(peer)
    assert service.inner.built[0].lost is not None


def test_renegotiation_is_refused(service):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    end = SSL.Connection(context, None)
    end.set_connect_state()
    end.set_tlsext_host_name(b"a.test")
    protocol, transport = service.factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)

    def carry():
        with contextlib.suppress(SSL.WantReadError):
            protocol.dataReceived(end.bio_read(65_536))
        if transport.value():
            end.bio_write(transport.value())
        transport.clear()

    for _ in range(3):
        with contextlib.suppress(SSL.WantReadError):
            end.do_handshake()
        carry()
    assert end.recv(100) == b"welcome\n"
    assert end.renegotiate()
    with pytest.raises(SSL.WantReadError):
        end.do_handshake()
    carry()
    with pytest.raises(SSL.Error, match="no renegotiation"):
        end.do_handshake()
    assert not transport.disconnecting


def test_early_greetings_arrive(service, kit):
    peer = service.connect(kit.client(), "a.test").shake()
    assert peer.read() == b"welcome\n"


def test_what_comes_with_the_end_of_the_handshake_is_delivered(service, kit, version):
    peer = service.connect(kit.client(version=version), "a.test")
    for _ in range(6):
        with contextlib.suppress(ssl.SSLWantReadError):
            peer.end.do_handshake()
            if version is ssl.TLSVersion.TLSv1_3:
                peer.end.write(b"at once")
        peer.carry()
    if version is ssl.TLSVersion.TLSv1_2:
        peer.send(b"at once")
    assert service.inner.built[0].heard.startswith(b"at once")


def test_a_certificate_that_cannot_be_read(kit, serve, monkeypatch):
    def unreadable(certificate):
        raise ValueError("error parsing asn1 value")

    monkeypatch.setattr("protocols.guard.tls.connection.certificate_of", unreadable)
    service = serve(kit.issue("a.test"), client=ClientRule(kit.ca))
    peer = service.connect(kit.client(certificate=kit.issue("odd")), "a.test")
    peer.shake()
    assert peer.transport.disconnected
    assert service.counts.failed_handshakes == 1
    assert service.inner.built == []


@pytest.fixture(scope="module")
def servers(kit):
    """Of one certificate, and of several with rules: the second looks at names."""
    one, two = kit.issue("a.test"), kit.issue("b.test")
    rules = {"admin.test": NameSettings(client=ClientRule(kit.ca))}
    return [ServerTLS(TLSSettings([one])), ServerTLS(TLSSettings([one, two], names=rules))]


@pytest.fixture(scope="module")
def attack(servers, tcp_transport):
    """Send bytes to each of them, in two pieces, and hang up."""

    def attack(data: bytes, cut: int) -> None:
        for server in servers:
            journal = Journal("attacked")
            factory = TLSFactory(server, Factory.forProtocol(Protocol), journal=journal, clock=Clock())
            connection, transport = factory.buildProtocol(None), tcp_transport()
            connection.makeConnection(transport)
            for piece in (data[:cut], data[cut:]):
                if piece and not transport.disconnecting:
                    connection.dataReceived(piece)
            connection.connectionLost(Failure(ConnectionDone()))
            assert journal.counts.failed_handshakes == 1
            assert len(factory.handshakes) == 0

    return attack


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes(attack, data, cut):
    attack(data, cut)


@given(st.integers(0, 500), st.binary(min_size=1, max_size=4), st.integers(0, 600))
def test_a_client_hello_that_was_changed(attack, reading_hello, at, noise, cut):
    hello = reading_hello("admin.test")
    attack(hello[:at] + noise + hello[at + len(noise) :], cut)
