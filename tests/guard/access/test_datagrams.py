"""Access rules in front of datagrams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from protocols.datagram import DatagramServer
from protocols.guard.access import Access, Admission, Hours, Rule, Selector, guard_datagrams
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.networks import Networks

ALICE, EVE = ("192.0.2.1", 4000), ("192.0.2.2", 4000)


class Transport:
    def __init__(self) -> None:
        self.sent: list[tuple[bytes, object]] = []

    def write(self, data: bytes, address: object) -> bool:
        self.sent.append((data, address))
        return True


class Now:
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> datetime:
        self.asked += 1
        return self.moment


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def guarded(clock, now):
    def guarded(*rules: Rule) -> DatagramServer:
        journal = Journal("x")
        server = DatagramServer(
            FunctionHandler(lambda message: message.upper(), reactor=clock, run="loop"), journal=journal
        )
        server.makeConnection(Transport())
        guard_datagrams(server, Admission(Access(rules), journal=journal, final=True, moment=now))
        return server

    return guarded


def test_who_may_not_is_dropped_and_counted(guarded):
    server = guarded(Rule(False, Selector(networks={"192.0.2.2"})))
    server.datagramReceived(b"a", ALICE)
    server.datagramReceived(b"b", EVE)
    assert server.transport.sent == [(b"A", ALICE)]
    counts = server.journal.counts
    assert (counts.datagrams, counts.denied) == (2, 1)


def test_it_is_decided_once_whatever_the_port(guarded, now):
    server = guarded(Rule(True, Selector(networks={"192.0.2.1"})))
    for port in (1, 2, 3):
        server.datagramReceived(b"a", ("192.0.2.1", port))
        server.datagramReceived(b"a", ("192.0.2.2", port))
    assert [address for _, address in server.transport.sent] == [("192.0.2.1", port) for port in (1, 2, 3)]
    assert now.asked == 2


def test_hours_are_looked_at_again(guarded, now):
    server = guarded(Rule(True, Selector(hours=[Hours.parse("08:00-18:00")])))
    server.datagramReceived(b"a", ALICE)
    now.moment += timedelta(hours=12)
    server.datagramReceived(b"b", ALICE)
    assert server.transport.sent == [(b"A", ALICE)]


@pytest.mark.parametrize("sender", [b"/run/client.sock", "/run/client.sock", None, ""])
def test_datagrams_of_unix_sockets(guarded, sender):
    server = guarded(Rule(False, Selector(networks=Networks(unix=True))))
    server.datagramReceived(b"a", sender)
    server.datagramReceived(b"b", ALICE)
    assert [data for data, _ in server.transport.sent] == [b"B"]


def test_ipv4_by_a_socket_of_both_families(guarded):
    server = guarded(Rule(False, Selector(networks={"192.0.2.2"})))
    server.datagramReceived(b"a", ("::ffff:192.0.2.2", 1, 0, 0))
    server.datagramReceived(b"b", ("::ffff:192.0.2.1", 1, 0, 0))
    assert [data for data, _ in server.transport.sent] == [b"B"]
