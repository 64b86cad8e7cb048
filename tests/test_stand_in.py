from __future__ import annotations

import pytest
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from zope.interface import alsoProvides, implementer

from protocols.stand_in import StandIn


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class Listener(Protocol):
    def __init__(self):
        self.heard = []

    def handshakeCompleted(self):
        self.heard.append("handshake")

    def dataReceived(self, data):
        self.heard.append(data)

    def readConnectionLost(self):
        self.heard.append("read")

    def writeConnectionLost(self):
        self.heard.append("write")

    def connectionLost(self, reason=connectionDone):
        self.heard.append(reason)


def say_everything(protocol: Protocol) -> list[object]:
    protocol.handshakeCompleted()
    protocol.dataReceived(b"a")
    protocol.readConnectionLost()
    protocol.writeConnectionLost()
    protocol.connectionLost(connectionDone)
    return ["handshake", b"a", "read", "write", connectionDone]


def test_nobody_stands_behind():
    alone = StandIn()
    alone.dataReceived(b"a")
    alone.connectionLost(connectionDone)
    assert not IHalfCloseableProtocol.providedBy(alone)
    assert not IHandshakeListener.providedBy(alone)


@pytest.mark.parametrize("early", [True, False])
def test_everything_is_passed_on_also_through_a_second_one(early):
    outer, inner, listener = StandIn(), StandIn(), Listener()
    for one, other in ((outer, inner), (inner, listener))[:: 1 if early else -1]:
        one.stand_for(other)
    assert IHalfCloseableProtocol.providedBy(inner)
    assert IHalfCloseableProtocol.providedBy(outer)
    assert IHandshakeListener.providedBy(outer)
    assert say_everything(outer) == listener.heard


def test_who_stands_behind_may_come_to_hear_of_the_end():
    outer, plain = StandIn(), Protocol()
    outer.stand_for(plain)
    assert not IHalfCloseableProtocol.providedBy(outer)
    alsoProvides(plain, IHalfCloseableProtocol)
    assert IHalfCloseableProtocol.providedBy(outer)
    assert IProtocol.providedBy(outer)


def test_what_is_read_goes_straight_on():
    outer, listener = StandIn(), Listener()
    outer.stand_for(listener)
    assert outer.dataReceived == listener.dataReceived
