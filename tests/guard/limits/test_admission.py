from __future__ import annotations

import gc
import weakref

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.guard.access import Access, AccessFactory, Admission
from protocols.guard.limits import (
    Acquaintances,
    AdmissionFactory,
    Ledger,
    Lobby,
    Penalties,
    SourceLimits,
    Sources,
    Throttle,
)
from protocols.guard.proxy_protocol import ProxyProtocolFactory
from protocols.journal import Journal
from protocols.networks import Networks
from protocols.session import Credentials
from protocols.stand_in import StandIn


class Transport(StringTransport):
    """One end of a connection, that notes whether it is read from."""

    def __init__(self, address):
        super().__init__(peerAddress=address)
        self.reading = True

    def pauseProducing(self):
        self.reading = False

    def resumeProducing(self):
        self.reading = True


class OfUser(Transport):
    """A Unix socket whose peer is a user."""

    def identify(self, peer):
        return type(peer)(peer.transport, peer.host, credentials=Credentials(7, 7, 1))


@implementer(IHalfCloseableProtocol)
class Served(Protocol):
    """What the service makes of a connection."""

    def __init__(self):
        self.heard = []

    def connectionMade(self):
        self.factory.served.append(self)

    def dataReceived(self, data):
        self.heard.append(data)

    def readConnectionLost(self):
        self.heard.append("end")

    def writeConnectionLost(self): ...

    def connectionLost(self, reason):
        self.heard.append(reason.type)
        self.factory.served.remove(self)


class Service(Factory):
    """What is to be kept from too much."""

    protocol = Served
    noisy = False

    def __init__(self, room=100):
        self.served = []
        self.room = room

    def buildProtocol(self, addr):
        return super().buildProtocol(addr) if len(self.served) < self.room else None


class Gates:
    def __init__(self, *, room=100, exempt=None, **limits):
        self.clock = Clock()
        self.journal = Journal("tested")
        self.service = Service(room)
        penalties = Penalties()
        settings = SourceLimits(**{"per_source": 2, **limits})
        ledger = Ledger(settings, penalties, lambda: len(self.service.served))
        self.lobby = Lobby(ledger, penalties, Acquaintances(), journal=self.journal, clock=self.clock)
        throttle = Throttle(settings, self.clock, lambda *over: None)
        sources = Sources() if exempt is None else Sources(exempt)
        self.factory = AdmissionFactory(self.service, self.lobby, throttle, sources)

    def connect(self, address="192.0.2.1", transport=Transport):
        if isinstance(address, str):
            address = IPv4Address("TCP", address, 4321)
        protocol = self.factory.buildProtocol(address)
        made = transport(address)
        if protocol is None:
            made.loseConnection()
        else:
            protocol.makeConnection(made)
        return protocol, made

    @property
    def served(self):
        return self.service.served


DONE = Failure(ConnectionDone())


def test_who_is_admitted_is_served_as_if_nothing_stood_between():
    gates = Gates()
    protocol, transport = gates.connect()
    (served,) = gates.served
    protocol.dataReceived(b"a")
    assert IHalfCloseableProtocol.providedBy(protocol)
    protocol.readConnectionLost()
    assert transport.reading
    protocol.connectionLost(DONE)
    assert served.heard == [b"a", "end", ConnectionDone]
    assert gates.lobby.ledger.connections_of("192.0.2.1") == 0


def test_who_is_too_many_is_not_read_from_until_another_goes():
    gates = Gates()
    first, _ = gates.connect()
    gates.connect()
    third, transport = gates.connect()
    assert not transport.reading
    assert len(gates.served) == 2
    first.connectionLost(DONE)
    assert transport.reading
    assert len(gates.served) == 2
    third.dataReceived(b"a")
    assert gates.served[1].heard == [b"a"]


def test_who_leaves_while_it_waits_is_forgotten():
    gates = Gates()
    first, _ = gates.connect()
    gates.connect()
    third, _ = gates.connect()
    third.connectionLost(DONE)
    first.connectionLost(DONE)
    assert len(gates.served) == 1
    assert gates.lobby.waiting == 0


def test_who_is_refused_is_closed():
    gates = Gates(over="refuse")
    transports = [gates.connect()[1] for _ in range(3)]
    assert [transport.disconnecting for transport in transports] == [False, False, True]


def test_for_who_is_shut_out_nothing_is_built():
    gates = Gates(over="refuse")
    for _ in range(30):
        gates.connect()
    assert gates.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1)) is None
    assert gates.factory.buildProtocol(IPv4Address("TCP", "192.0.2.2", 1)) is not None


def test_a_service_that_is_full_says_so_itself():
    gates = Gates(room=1)
    gates.connect()
    protocol, transport = gates.connect()
    assert transport.disconnecting
    protocol.dataReceived(b"a")
    protocol.connectionLost(DONE)
    assert gates.lobby.ledger.connections_of("192.0.2.1") == 1


def test_a_service_that_is_full_turns_away_any_number_that_wait():
    gates = Gates(room=1000, per_source=600, connections=700)
    gates.served.extend([None] * 699)  # so that there is room for one of this source
    first, _ = gates.connect()
    waiting = [gates.connect()[1] for _ in range(599)]
    del gates.served[:-1]
    gates.service.room = 0
    first.connectionLost(DONE)
    assert {transport.disconnecting for transport in waiting} == {True}


class Broken(Served):
    """What fails as its connection begins."""

    def connectionMade(self):
        super().connectionMade()
        raise RuntimeError("broken")


def broken():
    raise RuntimeError("broken")


@pytest.mark.parametrize("protocol", [broken, Broken])
def test_what_the_service_breaks_is_no_connection_of_its_source(protocol, failures):
    gates = Gates(per_source=1)
    first, _ = gates.connect()
    second, transport = gates.connect()
    gates.service.protocol = protocol
    first.connectionLost(DONE)  # so it is the turn of the second
    failures.take(RuntimeError)
    assert transport.disconnected
    second.connectionLost(DONE)
    assert gates.lobby.ledger.connections_of("192.0.2.1") == 0


def test_for_those_who_are_exempt_nothing_stands_between():
    gates = Gates()
    assert type(gates.connect("127.0.0.1")[0]) is Served
    assert type(gates.connect(UNIXAddress(b"/x.sock"))[0]) is Served


def test_users_of_unix_sockets_have_their_limits_unless_they_are_exempt():
    gates = Gates(exempt=Networks(), over="refuse")
    transports = [gates.connect(UNIXAddress(b"/x.sock"), OfUser)[1] for _ in range(3)]
    assert [transport.disconnecting for transport in transports] == [False, False, True]
    assert gates.lobby.ledger.connections_of("uid 7") == 2


def test_the_bytes_are_counted():
    gates = Gates(byte_rate=100)
    protocol, transport = gates.connect()
    protocol.dataReceived(b"x" * 200)
    assert not transport.reading
    gates.clock.advance(1.1)
    assert transport.reading


def test_who_sends_too_much_is_not_read_from_by_connecting_anew():
    gates = Gates(byte_rate=100)
    protocol, _ = gates.connect()
    protocol.dataReceived(b"x" * 300)
    protocol.connectionLost(DONE)
    _, transport = gates.connect()
    assert not transport.reading
    gates.clock.advance(2.1)
    assert transport.reading


def balanced(gates):
    """Connects by way of a balancer, which says for whom: 192.0.2.1."""
    outer = ProxyProtocolFactory(gates.factory, {"10.0.0.1"}, journal=gates.journal, clock=gates.clock)
    address = IPv4Address("TCP", "10.0.0.1", 1)

    def connect(rest=b""):
        protocol, transport = outer.buildProtocol(address), Transport(address)
        protocol.makeConnection(transport)
        protocol.dataReceived(b"PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n" + rest)
        return protocol, transport

    return connect


def ruled(gates):
    """Connects where somebody else decides who may come in."""
    admission = Admission(Access([]), journal=gates.journal, final=True)
    outer = AccessFactory(gates.factory, admission)
    address = IPv4Address("TCP", "192.0.2.1", 1)

    def connect():
        protocol, transport = outer.buildProtocol(address), Transport(address)
        protocol.makeConnection(transport)
        return protocol, transport

    return connect


@pytest.mark.parametrize("stands_in_front", [balanced, ruled])
def test_the_bytes_are_counted_whatever_stands_in_front(stands_in_front):
    gates = Gates(byte_rate=100)
    protocol, transport = stands_in_front(gates)()
    protocol.dataReceived(b"x" * 200)
    assert not transport.reading


class Changing(StandIn):
    """Becomes another protocol when it is told to, as STARTTLS does."""

    def makeConnection(self, transport):
        super().makeConnection(transport)
        self.stand_for(Served())


def test_who_becomes_another_hears_nothing_more_as_the_first():
    gates = Gates()
    gates.service.protocol = Changing
    protocol, _ = gates.connect()
    changing = protocol._successor
    first, second = changing._successor, Served()
    changing.stand_for(second)
    protocol.dataReceived(b"a")
    assert (first.heard, second.heard) == ([], [b"a"])


def test_what_came_with_the_header_of_a_balancer_waits_with_its_connection():
    gates = Gates(byte_rate=1000)
    connect = balanced(gates)
    first, _ = connect()
    connect()
    _, transport = connect(b"x" * 1500)
    first.connectionLost(DONE)
    assert gates.served[1].heard == [b"x" * 1500]
    assert not transport.reading  # it is counted


def test_nobody_hears_it_if_its_turn_never_comes():
    gates = Gates()
    connect = balanced(gates)
    connect()
    connect()
    protocol, transport = connect(b"GET")
    gates.clock.advance(11)
    assert transport.disconnecting
    protocol.dataReceived(b" /")
    assert [served.heard for served in gates.served] == [[], []]


def test_what_still_waits_is_closed_with_the_service():
    gates = Gates()
    transports = [gates.connect()[1] for _ in range(3)]
    gates.factory.doStart()
    gates.factory.doStop()
    assert [transport.disconnecting for transport in transports] == [False, False, True]


class Late(Served):
    """Finds more messages in what came as it hears of the end."""

    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.transport.count_messages(100)


def test_no_clock_waits_for_a_connection_that_is_gone():
    gates = Gates(message_rate=10)
    gates.service.protocol = Late
    protocol, transport = gates.connect()
    protocol.connectionLost(DONE)
    assert gates.clock.getDelayedCalls() == []
    assert not hasattr(transport, "count_messages")


@pytest.mark.parametrize("waits", [False, True])
def test_a_connection_that_is_gone_needs_no_garbage_collector(waits):
    gates = Gates()
    if waits:
        gates.connect()
        gates.connect()
    protocol, transport = gates.connect()
    gc.collect()
    gc.disable()
    try:
        gone = [weakref.ref(protocol), weakref.ref(transport)]
        protocol.connectionLost(DONE)
        del protocol, transport
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()
