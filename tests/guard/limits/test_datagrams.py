from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.datagram import DatagramServer
from protocols.guard.limits import Acquaintances, DatagramLimits, Penalties, SourceLimits, Sources
from protocols.guard.limits.datagrams import CREDIT, HEADERS, SOURCES
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.networks import Networks

A = ("192.0.2.1", 4321)
B = ("192.0.2.2", 4321)


class Service:
    """One datagram socket with limits."""

    def __init__(self, function=lambda message: message, *, exempt=None, **limits):
        self.clock = Clock()
        self.journal = Journal("tested")
        self.penalties = Penalties()
        self.known = Acquaintances()
        self.sent = []
        self.limits = DatagramLimits(
            SourceLimits(**limits),
            Sources() if exempt is None else Sources(exempt),
            self.penalties,
            self.known,
            journal=self.journal,
            clock=self.clock,
        )
        self.handler = FunctionHandler(function, reactor=self.clock, run="loop")
        self.server = DatagramServer(self.handler, journal=self.journal, gate=self.limits)
        self.server.transport = self

    def write(self, message, address):
        self.sent.append((message, address))
        return True

    def send(self, message=b"x", address=A):
        self.server.datagramReceived(message, address)

    @property
    def over(self):
        return self.journal.counts.over


def test_what_is_within_the_limits_is_answered():
    service = Service()
    service.send(b"hello")
    assert service.sent == [(b"hello", A)]
    assert service.over == {}


def test_more_messages_than_the_rate_are_dropped_and_counted():
    service = Service(message_rate=5)
    for _ in range(8):
        service.send()
    service.send(address=B)
    assert len(service.sent) == 6
    assert service.over == {"message_rate": 3}
    assert service.journal.counts.datagrams == 9
    service.clock.advance(1)
    service.send()
    assert len(service.sent) == 7


def test_more_bytes_than_the_rate_are_dropped():
    service = Service(byte_rate=1000)
    for _ in range(3):
        service.send(b"x" * 600)
    assert service.over == {"byte_rate": 1}


def test_whose_connections_are_shut_out_gets_no_datagram_through():
    service = Service()
    service.penalties.add("192.0.2.1", 1000, 0.0)
    service.send()
    assert service.sent == []
    assert service.over == {"penalty": 1}


def test_nobody_is_shut_out_by_what_others_write_on_datagrams():
    service = Service(message_rate=1)
    for _ in range(1000):
        service.send()
    assert service.penalties.until("192.0.2.1", 0.0) is None


def test_what_goes_back_is_no_more_than_so_many_times_what_came():
    service = Service(lambda message: b"x" * int(message), amplification=3)
    service.send(b"%d" % (3 * (2 + HEADERS) - HEADERS))
    service.send(b"%d" % (3 * (2 + HEADERS) - HEADERS + 1))
    assert [len(message) for message, _ in service.sent] == [62]
    assert service.over == {"amplification": 1}
    assert service.journal.counts.unsent == 1


def test_what_was_not_used_may_be_used_later_within_bounds():
    service = Service(lambda message: message * 5, amplification=3)
    for _ in range(20):
        service.send(b"x" * 8000)
    limit = service.limits
    assert limit._credit["192.0.2.1"] <= CREDIT


def test_who_has_shown_itself_gets_all_of_it():
    service = Service(lambda message: b"x" * 1000)
    service.send()
    assert service.sent == []
    service.known.met("192.0.2.1", 0.0)
    service.send()
    assert len(service.sent) == 1


@pytest.mark.parametrize("settings", [{"amplification": 0}, {"exempt": Networks([], unix=False)}])
def test_the_guard_can_be_left_out(settings):
    service = Service(lambda message: b"x" * 1000, **settings)
    service.send(address=("127.0.0.1", 7))
    service.send()
    assert len(service.sent) == (2 if settings == {"amplification": 0} else 0)


def test_this_machine_has_no_limits():
    service = Service(lambda message: b"x" * 1000, message_rate=1)
    for _ in range(5):
        service.send(address=("127.0.0.1", 7))
        service.send(address=b"/run/x.sock")
    assert len(service.sent) == 10


def test_unix_sockets_can_have_them():
    service = Service(exempt=Networks(), message_rate=2)
    for _ in range(5):
        service.send(address=b"/run/x.sock")
    assert len(service.sent) == 2


def test_answers_that_wait_are_bounded_for_each_source(answers):
    service = Service(answers.wait, pending=2)
    for address in (A, A, A, B):
        service.send(address=address)
    assert service.over == {"pending": 1}
    assert len(answers.waiting) == 3
    answers.waiting[0].callback(b"y")
    service.send()
    assert service.over == {"pending": 1}
    for waiting in answers.waiting[1:]:
        waiting.callback(b"y")
    assert service.limits._pending == {}


def test_no_more_sources_are_remembered_than_fit():
    service = Service()
    for number in range(SOURCES + 10):
        service.limits.admits(str(number), 1)
    assert len(service.limits._credit) == SOURCES
