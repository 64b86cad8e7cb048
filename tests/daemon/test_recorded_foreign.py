"""Protocols of the user's of which records are made."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.daemon.recorded_foreign import RecordingFactory
from protocols.journal import Journal
from protocols.session import Peer


@implementer(IHalfCloseableProtocol)
class Shouting(Protocol):
    half_closed = False

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data.upper())
        self.transport.writeSequence([b"!", b"\n"])

    def readConnectionLost(self) -> None:
        self.half_closed = True

    def writeConnectionLost(self) -> None: ...


def test_a_record_of_each_connection_that_is_over():
    told, clock = [], Clock()
    inner = Factory.forProtocol(Shouting)
    factory = RecordingFactory(inner, Journal("tested"), 10, tell=told.append, clock=clock)
    for reason in (connectionDone, Failure(ConnectionLost("reset"))):
        protocol = factory.buildProtocol(None)
        transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 5))
        protocol.makeConnection(transport)
        assert IHalfCloseableProtocol.providedBy(protocol)
        protocol.dataReceived(b"abc")
        clock.advance(1.5)
        protocol.readConnectionLost()
        protocol.connectionLost(reason)
        assert transport.value() == b"ABC!\n"
    assert [record[:5] for record in told] == [(Peer("tcp", "192.0.2.1", 5), 1.5, None, 3, 5)] * 2
    assert told[0].reason == ""
    assert "reset" in told[1].reason


def test_a_factory_that_builds_nothing():
    class Refusing(Factory):
        def buildProtocol(self, addr: object) -> None:
            return None

    factory = RecordingFactory(Refusing(), Journal("tested"), 10, tell=print, clock=Clock())
    assert factory.buildProtocol(None) is None
