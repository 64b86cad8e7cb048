"""Targets that are tried from time to time."""

from __future__ import annotations

import pytest
from twisted.internet import error
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from protocols.handlers.forward import Backend, HealthChecks, Target


@pytest.fixture
def reactor():
    return MemoryReactorClock()


@pytest.fixture
def backends():
    return [Backend(Target("tcp", "192.0.2.1", port), "db", rise=2, fall=2, tells=True) for port in (1, 2)]


def attempts(reactor):
    """The ports that are tried, with the factories of the connections."""
    found = [(port, factory) for _, port, factory, _, _ in reactor.tcpClients]
    reactor.tcpClients.clear()
    return found


def refuse(factory):
    factory.clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))


def accept(factory):
    protocol = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    return transport


def test_down_and_up_again(reactor, backends, said):
    HealthChecks(backends, reactor=reactor, every=5.0)
    assert attempts(reactor) == []
    for index in range(4):
        reactor.advance(5)
        (one, first), (two, second) = attempts(reactor)
        assert (one, two) == (1, 2)
        refuse(first) if index < 2 else accept(first)
        assert accept(second).disconnecting
        assert backends[0].health.is_up is (index in (0, 3))
        assert backends[1].health.is_up
    assert said == [
        "db: tcp://192.0.2.1:1 is down: Connection was refused by other side",
        "db: tcp://192.0.2.1:1 is up again",
    ]


def test_one_that_takes_long_is_not_tried_beside_that(reactor, backends):
    HealthChecks(backends[:1], reactor=reactor, every=5.0, timeout=12.0)
    for expected in (1, 0, 0):
        reactor.advance(5)
        assert len(attempts(reactor)) == expected


def test_only_those_that_are_down(reactor, backends):
    HealthChecks(backends, reactor=reactor, every=5.0, only_down=True)
    reactor.advance(5)
    assert attempts(reactor) == []
    for _ in range(2):
        backends[1].health.failed()
    reactor.advance(5)
    assert [port for port, _ in attempts(reactor)] == [2]


def test_a_target_that_expects_to_be_told_something(reactor, backends):
    HealthChecks(backends[:1], reactor=reactor, greeting=b"PROXY UNKNOWN\r\n")
    reactor.advance(5)
    [(_, factory)] = attempts(reactor)
    assert accept(factory).value() == b"PROXY UNKNOWN\r\n"


def test_no_more_of_it(reactor, backends):
    checks = HealthChecks(backends, reactor=reactor)
    reactor.advance(5)
    checks.stop()
    for _, factory in attempts(reactor):
        refuse(factory)
    assert backends[0].health.failures == 0
    assert reactor.getDelayedCalls() == []
