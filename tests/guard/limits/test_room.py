from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol

from protocols.guard.limits.room import RoomFactory
from protocols.journal import Journal


class Elsewhere:
    """Other processes, with so many connections."""

    def __init__(self) -> None:
        self.connections = 0

    def total(self) -> int:
        return self.connections


def test_a_service_has_its_connections_once_for_all_processes():
    address = IPv4Address("TCP", "192.0.2.1", 4000)
    elsewhere, journal, here = Elsewhere(), Journal("tested"), [None]
    inner = Factory.forProtocol(Protocol)
    room = RoomFactory(inner, elsewhere, 3, open_connections=lambda: len(here), journal=journal)
    elsewhere.connections = 1
    assert isinstance(room.buildProtocol(address), Protocol)
    elsewhere.connections = 2
    assert room.buildProtocol(address) is None
    assert journal.counts.refused == 1
    here.clear()
    assert room.buildProtocol(address) is not None


def test_the_inner_factory_starts_and_stops_with_it():
    told = []
    inner = Factory.forProtocol(Protocol)
    inner.startFactory, inner.stopFactory = lambda: told.append("start"), lambda: told.append("stop")
    room = RoomFactory(inner, Elsewhere(), 3, open_connections=lambda: 0, journal=Journal("tested"))
    room.doStart()
    room.doStop()
    assert told == ["start", "stop"]
