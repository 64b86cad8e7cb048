"""Datagrams that are passed on, between sockets that the test makes up."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock

from protocols.datagram import DatagramServer
from protocols.handlers.forward import Backend, Balance, DatagramForward, Target
from protocols.journal import Journal

ALICE, BOB = ("192.0.2.1", 4000), ("192.0.2.2", 4000)


class Port:
    """A socket towards the target."""

    def __init__(self, protocol, interface):
        self.protocol = protocol
        self.interface = interface
        self.sent = []
        self.open = True
        self.target = None
        self.error = None

    def connect(self, host, port):
        self.target = (host, port)

    def write(self, datagram):
        if self.error is not None:
            raise self.error
        self.sent.append(datagram)

    def stopListening(self):
        self.open = False

    def answers(self, datagram):
        self.protocol.datagramReceived(datagram, self.target)


class Reactor(Clock):
    """Opens such sockets, and resolves names when the test says so."""

    def __init__(self):
        super().__init__()
        self.ports = []
        self.full = False
        self.asked = []
        self.nameResolver = self

    def listenUDP(self, port, protocol, interface="", maxPacketSize=0):  # noqa: N802, N803
        if self.full:
            raise CannotListenError(interface, port, OSError(24, "Too many open files"))
        self.ports.append(Port(protocol, interface))
        return self.ports[-1]

    def resolveHostName(self, receiver, name, port, transportSemantics):  # noqa: N802, N803
        receiver.resolutionBegan(None)
        self.asked.append(receiver)

    def resolved(self, *hosts):
        for host in hosts:
            self.asked[0].addressResolved(IPv4Address("UDP", host, 53))
        self.asked.pop(0).resolutionComplete()


class Clients:
    """What the clients of the service send and get."""

    def __init__(self):
        self.got = []

    def write(self, datagram, address):
        self.got.append((address, datagram))


class Passing:
    def __init__(self, reactor, target, **settings):
        self.reactor = reactor
        self.handler = DatagramForward(
            Balance([Backend(Target.parse(target), "dns")]), reactor=reactor, **settings
        )
        self.journal = Journal("dns")
        self.server = DatagramServer(self.handler, journal=self.journal)
        self.clients = Clients()
        self.server.transport = self.clients

    def send(self, sender, datagram):
        self.server.datagramReceived(datagram, sender)


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def passing(reactor):
    def make(target="udp://192.0.2.9:53", **settings):
        return Passing(reactor, target, **settings)

    return make


def test_replies_find_back_to_each_sender(passing, reactor):
    it = passing()
    it.send(ALICE, b"a?")
    it.send(BOB, b"b?")
    one, other = reactor.ports
    assert (one.target, one.sent, other.sent) == (("192.0.2.9", 53), [b"a?"], [b"b?"])
    other.answers(b"b!")
    one.answers(b"a!")
    one.answers(b"and more")
    assert it.clients.got == [(BOB, b"b!"), (ALICE, b"a!"), (ALICE, b"and more")]


def test_a_sender_keeps_its_socket_as_long_as_something_moves(passing, reactor):
    it = passing(replies=10.0)
    it.send(ALICE, b"1")
    reactor.advance(9)
    it.send(ALICE, b"2")
    reactor.advance(9)
    reactor.ports[0].answers(b"!")
    reactor.advance(9)
    assert reactor.ports[0].sent == [b"1", b"2"]
    assert reactor.ports[0].open
    assert len(it.server.open) == 1
    reactor.advance(1)
    assert not reactor.ports[0].open
    assert not it.server.open
    it.send(ALICE, b"3")
    assert reactor.ports[1].sent == [b"3"]


def test_no_more_senders_than_there_is_room_for(passing, reactor, warned):
    it = passing(senders=1)
    it.send(ALICE, b"1")
    it.send(BOB, b"1")
    it.send(ALICE, b"2")
    assert [port.sent for port in reactor.ports] == [[b"1", b"2"]]
    assert len(it.server.open) == 1
    assert warned == ["dns: cannot forward to udp://192.0.2.9:53: 1 senders wait for replies"]


def test_no_socket_to_be_had(passing, reactor, warned):
    reactor.full = True
    it = passing()
    it.send(ALICE, b"1")
    assert not it.server.open
    assert "Too many open files" in warned[0]
    reactor.full = False
    it.send(ALICE, b"2")
    assert reactor.ports[0].sent == [b"2"]


def test_a_target_that_is_not_there(passing, reactor, warned):
    it = passing()
    it.send(ALICE, b"1")
    reactor.ports[0].protocol.connectionRefused()
    assert warned == ["dns: cannot forward to udp://192.0.2.9:53: connection refused"]
    reactor.ports[0].error = OSError(101, "Network is unreachable")
    it.send(ALICE, b"2")
    assert len(warned) == 1
    reactor.advance(10)
    assert not it.server.open


def test_a_reply_that_the_sender_cannot_get(passing, reactor, failures):
    it = passing()
    it.send(ALICE, b"1")
    reactor.ports[0].answers(b"x" * 65_520)
    failures.take(ValueError)
    assert it.clients.got == []


def test_names_are_resolved_while_datagrams_wait(passing, reactor):
    it = passing("udp://resolver.test:53")
    for number in range(20):
        it.send(ALICE, b"%d" % number)
    assert reactor.ports == []
    reactor.resolved("192.0.2.9", "192.0.2.10")
    assert reactor.ports[0].target == ("192.0.2.9", 53)
    assert reactor.ports[0].sent == [b"%d" % number for number in range(16)]
    it.send(ALICE, b"more")
    assert reactor.ports[0].sent[-1] == b"more"


def test_names_that_are_not_known(passing, reactor, warned):
    it = passing("udp://nowhere.test:53")
    it.send(ALICE, b"1")
    reactor.resolved()
    assert warned == ["dns: cannot forward to udp://nowhere.test:53: the host nowhere.test is not known"]
    assert not it.server.open
    it.send(ALICE, b"2")
    reactor.full = True
    reactor.resolved("192.0.2.9")
    assert not it.server.open
    it.send(ALICE, b"3")
    reactor.advance(10)
    reactor.resolved("192.0.2.9")  # too late
    assert reactor.ports == []


def test_ipv6(passing, reactor):
    it = passing("udp://[2001:db8::1]:53")
    it.send(ALICE, b"1")
    assert (reactor.ports[0].interface, reactor.ports[0].target) == ("::", ("2001:db8::1", 53))


def test_a_service_that_stops_waits_no_longer(passing, reactor):
    it = passing()
    it.send(ALICE, b"1")
    drained = it.server.drain()
    it.handler.stop()
    assert drained.called
    assert not reactor.ports[0].open
    assert not reactor.getDelayedCalls()
