"""A protocol that stands in front of another until it is known what that is to be."""

from __future__ import annotations

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import Protocol, connectionDone
from zope.interface import alsoProvides, implementer

from protocols.stand_in import StandIn


class Noting(Protocol):
    def __init__(self):
        self.calls = []

    def dataReceived(self, data):
        self.calls.append(data)

    def readConnectionLost(self):
        self.calls.append("read end")

    def writeConnectionLost(self):
        self.calls.append("write end")

    def handshakeCompleted(self):
        self.calls.append("handshake")

    def connectionLost(self, reason=connectionDone):
        self.calls.append("lost")


def test_it_hears_nothing_for_itself():
    stand_in = StandIn()
    stand_in.dataReceived(b"early")
    stand_in.connectionLost()
    assert not IHalfCloseableProtocol.providedBy(stand_in)


def test_the_other_hears_everything_even_by_methods_looked_up_before():
    stand_in, other = StandIn(), Noting()
    looked_up = stand_in.dataReceived
    stand_in.stand_for(other)
    looked_up(b"1")
    stand_in.dataReceived(b"2")
    assert stand_in.dataReceived == other.dataReceived
    stand_in.handshakeCompleted()
    stand_in.readConnectionLost()
    stand_in.writeConnectionLost()
    stand_in.connectionLost()
    assert other.calls == [b"1", b"2", "handshake", "read end", "write end", "lost"]


def test_the_other_may_step_aside_too():
    stand_in, between, other = StandIn(), StandIn(), Noting()
    stand_in.stand_for(between)
    between.stand_for(other)
    stand_in.dataReceived(b"1")
    stand_in.connectionLost()
    assert other.calls == [b"1", "lost"]


def test_what_the_other_provides_counts_when_it_is_asked():
    stand_in, other = StandIn(), Noting()
    stand_in.stand_for(other)
    assert not IHalfCloseableProtocol.providedBy(stand_in)
    alsoProvides(other, IHalfCloseableProtocol)
    assert IHalfCloseableProtocol.providedBy(stand_in)
    assert IHalfCloseableProtocol(stand_in, None) is stand_in
    assert not IHandshakeListener.providedBy(stand_in)


def test_what_it_provides_itself_it_goes_on_providing():
    @implementer(IHandshakeListener)
    class Listening(StandIn):
        pass

    stand_in, other = Listening(), Noting()
    stand_in.stand_for(other)
    alsoProvides(other, IHalfCloseableProtocol)
    assert IHandshakeListener.providedBy(stand_in)
    assert IHalfCloseableProtocol.providedBy(stand_in)
