"""Going on in TLS, and what was said in the clear: nothing of it may reach the other side."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from protocols.guard.tls import ServerTLS, StartTLSFactory, TLSFactory, TLSSettings
from protocols.journal import Journal
from protocols.peer_address import stream_peer


@implementer(IHalfCloseableProtocol)
class Mail(Protocol):
    """A line protocol that knows STARTTLS; it repeats every other line."""

    def __init__(self, greets: bool = True) -> None:
        self.greets = greets
        self.lines: list[bytes] = []
        self.buffer = b""
        self.events: list[str] = []
        self.successor: Mail | None = None

    def connectionMade(self):
        self.peer = stream_peer(self.transport)
        self.transport.registerProducer(self, True)
        if self.greets:
            self.transport.write(b"220 hello\r\n")

    def dataReceived(self, data):
        self.buffer += data
        while b"\r\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            self.lines.append(line)
            if line == b"STARTTLS":
                self.transport.write(b"220 go on\r\n")
                self.successor = Mail(greets=False)
                self.transport.start_tls(self.successor)
            else:
                self.transport.write(b"250 " + line + b"\r\n")

    def readConnectionLost(self):
        self.events.append("half closed")
        self.transport.loseConnection()

    def writeConnectionLost(self): ...
    def connectionLost(self, reason):
        self.events.append("lost")

    def pauseProducing(self): ...
    def resumeProducing(self): ...
    def stopProducing(self): ...


class MailFactory(Factory):
    noisy = False
    full = False

    def buildProtocol(self, addr):
        self.built = Mail()
        return None if self.full else self.built


@pytest.fixture
def begun(kit, clock, tcp_transport):
    """A connection in the clear: what stands in front, its transport, and what serves it."""
    factory = MailFactory()
    server = ServerTLS(TLSSettings([kit.issue("a.test")]))
    tls = TLSFactory(server, factory, journal=Journal("mail"), clock=clock)
    connection = StartTLSFactory(tls).buildProtocol(None)
    transport = tcp_transport()
    transport.protocol = connection
    connection.makeConnection(transport)
    return connection, transport, factory


class Client:
    """The client's end, once it has said STARTTLS."""

    def __init__(self, kit, connection, transport) -> None:
        self.connection, self.transport = connection, transport
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = kit.client().wrap_bio(self.incoming, self.outgoing, server_hostname="a.test")
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.end.do_handshake()
            self.carry()

    def carry(self) -> None:
        if self.outgoing.pending:
            self.connection.dataReceived(self.outgoing.read())
        self.incoming.write(self.transport.value())
        self.transport.clear()

    def ask(self, line: bytes) -> bytes:
        self.end.write(line)
        self.carry()
        return self.end.read(1000)


def taken(transport) -> bytes:
    value = transport.value()
    transport.clear()
    return value


def test_a_connection_that_goes_on_in_tls(begun, kit):
    connection, transport, factory = begun
    assert taken(transport) == b"220 hello\r\n"
    connection.dataReceived(b"EHLO me\r\n")
    assert taken(transport) == b"250 EHLO me\r\n"
    connection.dataReceived(b"STARTTLS\r\n")
    assert taken(transport) == b"220 go on\r\n"
    client = Client(kit, connection, transport)
    assert client.ask(b"EHLO again\r\n") == b"250 EHLO again\r\n"
    old, new = factory.built, factory.built.successor
    assert (old.peer.transport, new.peer.transport) == ("tcp", "tls")
    assert not ISSLTransport.providedBy(old.transport)
    assert ISSLTransport.providedBy(new.transport)
    assert old.lines == [b"EHLO me", b"STARTTLS"]
    assert new.lines == [b"EHLO again"]


def test_what_is_injected_behind_the_command_is_gone(begun, kit):
    connection, transport, factory = begun
    taken(transport)
    connection.dataReceived(b"STARTTLS\r\nMAIL FROM:<evil@test>\r\nRCPT TO:<half")
    assert taken(transport) == b"220 go on\r\n"  # and no reply to the rest, whoever reads it
    client = Client(kit, connection, transport)
    assert client.ask(b"NOOP\r\n") == b"250 NOOP\r\n"
    assert factory.built.successor.lines == [b"NOOP"]
    assert factory.built.successor.buffer == b""


def test_what_is_injected_later_is_no_handshake(begun, kit):
    connection, transport, factory = begun
    connection.dataReceived(b"STARTTLS\r\n")
    connection.dataReceived(b"MAIL FROM:<evil@test>\r\n")
    assert transport.disconnecting
    assert factory.built.successor.lines == []


def test_a_client_that_does_not_go_on(begun, clock):
    connection, transport, _ = begun
    assert clock.getDelayedCalls() == []
    connection.dataReceived(b"STARTTLS\r\n")
    clock.advance(10)
    assert transport.disconnected


def test_the_old_protocol_can_do_no_more(begun, kit):
    connection, transport, factory = begun
    taken(transport)
    connection.dataReceived(b"STARTTLS\r\n")
    taken(transport)
    old = factory.built
    old.transport.write(b"in the clear")
    old.transport.loseConnection()
    assert (taken(transport), transport.disconnecting) == (b"", False)
    assert old.transport.getPeer() == transport.getPeer()
    assert old.transport.disconnecting


def test_the_end_of_the_stream_in_the_clear(begun):
    connection, transport, factory = begun
    IHalfCloseableProtocol(connection).readConnectionLost()
    assert factory.built.events == ["half closed"]
    assert transport.disconnecting


def test_the_end_of_the_stream_in_tls(begun, kit):
    connection, transport, factory = begun
    taken(transport)
    connection.dataReceived(b"STARTTLS\r\n")
    taken(transport)
    assert not IHalfCloseableProtocol.providedBy(connection)  # without close_notify it is no end
    client = Client(kit, connection, transport)
    client.end.write(b"QUIT\r\n")
    with pytest.raises(ssl.SSLWantReadError):
        client.end.unwrap()
    client.carry()
    assert factory.built.successor.events == ["half closed"]
    assert IHalfCloseableProtocol.providedBy(connection)
    assert factory.built.events == []


def test_a_service_that_is_full(kit, clock):
    factory = MailFactory()
    factory.full = True
    server = ServerTLS(TLSSettings([kit.issue("a.test")]))
    tls = TLSFactory(server, factory, journal=Journal("mail"), clock=clock)
    starting = StartTLSFactory(tls)
    starting.doStart()
    assert starting.buildProtocol(None) is None
    starting.doStop()
