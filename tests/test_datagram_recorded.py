"""A datagram socket of which each datagram that is heard is recorded."""

from __future__ import annotations

from protocols.datagram_recorded import RecordedDatagramServer
from protocols.journal import Journal
from protocols.session import Peer


class Gate:
    """Lets nobody in but one."""

    def source(self, address: object) -> object:
        return address

    def admits(self, source: object, size: int) -> bool:
        return source == ("192.0.2.1", 5)

    def may_reply(self, source: object, size: int) -> bool:
        return True

    def begun(self, source: object) -> None: ...

    def ended(self, source: object) -> None: ...


def test_each_datagram_is_told_of(recording):
    told = []
    server = RecordedDatagramServer(recording(), tell=told.append, journal=Journal("tested"))
    server.datagramReceived(b"hello", ("192.0.2.1", 5))
    assert told == [(Peer("udp", "192.0.2.1", 5), None, 1, 5, None, "")]


def test_what_a_gate_keeps_out_is_not(recording):
    told = []
    server = RecordedDatagramServer(recording(), tell=told.append, journal=Journal("tested"), gate=Gate())
    server.datagramReceived(b"hello", ("192.0.2.1", 5))
    server.datagramReceived(b"hello", ("192.0.2.2", 5))
    assert [record.peer.host for record in told] == ["192.0.2.1"]
