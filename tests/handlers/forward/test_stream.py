"""A stream that is passed on, with both of its connections in the test's hand."""

from __future__ import annotations

import pytest
from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface import directlyProvides

from protocols.framing import Lines, Raw
from protocols.handlers.forward import Backend, Balance, StreamForward, Target
from protocols.handlers.forward.outgoing import LINGER
from protocols.stream_limits import QUIET


class Passing:
    """One client, and what its target sees."""

    def __init__(self, reactor, serve, fake_transport, framing, settings):
        self.reactor = reactor
        targets = settings.pop("targets", 1)
        self.backends = [Backend(Target("tcp", f"192.0.2.{9 + each}", 80), "db") for each in range(targets)]
        self.handler = StreamForward(Balance(self.backends), reactor=reactor, **settings)
        self.service = serve(self.handler, framing)
        self._transport = fake_transport
        self.client = None
        self.protocol = None  # of the connection to the target
        self.target = None  # its transport

    def client_comes(self):
        self.client = self.service.connect(
            peerAddress=IPv4Address("TCP", "192.0.2.1", 4000), hostAddress=IPv4Address("TCP", "192.0.2.5", 25)
        )
        return self

    @property
    def attempts(self):
        return self.reactor.tcpClients

    def target_answers(self, *provides):
        """The connection that is being made comes about, on a transport that `provides` that."""
        _, _, factory, _, _ = self.attempts[-1]
        self.protocol = factory.buildProtocol(None)
        self.target = self._transport()
        if provides:
            directlyProvides(self.target, *provides)
        self.protocol.makeConnection(self.target)
        return self

    def target_refuses(self, reason=None):
        self.attempts[-1][2].clientConnectionFailed(None, Failure(reason or error.ConnectionRefusedError()))

    def target_leaves(self, reason=None):
        self.protocol.connectionLost(Failure(reason or ConnectionDone()))


@pytest.fixture
def reactor():
    return MemoryReactorClock()


@pytest.fixture
def passing(reactor, serve, fake_transport):
    def make(framing=None, **settings):
        return Passing(reactor, serve, fake_transport, framing or Raw(), settings)

    return make


def test_both_ways(passing):
    it = passing().client_comes().target_answers()
    assert it.attempts[0][:2] == ("192.0.2.9", 80)
    it.client.send(b"ping")
    assert it.target.value() == b"ping"
    it.protocol.dataReceived(b"pong")
    assert it.client.received == b"pong"


def test_nothing_is_read_before_the_target_is_there(passing):
    it = passing().client_comes()
    assert it.client.transport.producerState == "paused"
    it.client.send(b"what was read already")
    it.target_answers()
    assert it.target.value() == b"what was read already"
    assert it.client.transport.producerState == "producing"
    assert not it.reactor.getDelayedCalls()


def test_a_target_that_does_not_read_stops_the_client(passing):
    it = passing().client_comes().target_answers()
    it.client.send(b"x" * 100_000)
    assert it.client.transport.producerState == "paused"
    it.target.peer_reads()
    assert it.client.transport.producerState == "producing"


def test_a_client_that_does_not_read_stops_the_target(passing):
    it = passing().client_comes().target_answers()
    it.protocol.dataReceived(b"x" * 100_000)
    assert it.target.producerState == "paused"
    it.client.transport.peer_reads()
    assert it.target.producerState == "producing"


def test_the_end_of_the_client_is_passed_on_and_the_answer_comes_back(passing):
    it = passing().client_comes().target_answers()
    it.client.send(b"last")
    it.client.shut_down()
    assert it.target.half_closed
    it.protocol.dataReceived(b"answer")
    assert it.client.received == b"answer"
    assert not it.client.closing
    it.protocol.readConnectionLost()
    assert it.target.disconnecting
    assert it.client.transport.disconnecting


def test_the_end_of_the_target_is_passed_on_and_more_may_follow(passing):
    it = passing().client_comes().target_answers()
    it.protocol.dataReceived(b"last")
    it.protocol.readConnectionLost()
    assert it.client.received == b"last"
    assert it.client.transport.half_closed
    it.client.connection.writeConnectionLost()
    it.client.send(b"more")
    assert it.target.value() == b"more"
    assert not it.target.disconnecting
    it.client.shut_down()
    assert it.client.transport.disconnecting
    it.client.leave()
    assert it.target.disconnecting


def test_inside_of_tls_a_client_that_has_ended_is_waited_for_too(passing):
    it = passing().client_comes().target_answers(ISSLTransport)
    assert it.client.transport.producerState == "paused"
    it.protocol.handshakeCompleted()
    assert it.client.transport.producerState == "producing"
    it.protocol.dataReceived(b"x" * 100_000)
    it.client.shut_down()
    assert it.target.disconnecting
    assert it.target.producerState == "paused"
    it.client.transport.peer_reads()
    assert it.target.producerState == "producing"
    it.protocol.dataReceived(b"last")
    it.target_leaves()
    assert it.client.received.endswith(b"last")
    assert it.client.closing


def test_a_client_that_leaves_in_order_gets_its_bytes_delivered(passing):
    it = passing().client_comes().target_answers()
    it.client.send(b"x" * 100_000)
    it.client.leave()
    assert it.target.value() == b"x" * 100_000
    assert it.target.disconnecting
    it.reactor.advance(LINGER)
    assert it.target.aborted  # it did not read them


def test_a_target_that_follows_is_not_cut_off(passing):
    it = passing().client_comes().target_answers()
    it.client.leave()
    it.target_leaves()
    assert not it.reactor.getDelayedCalls()
    assert not it.target.aborted


def test_a_client_that_breaks_off_breaks_the_target_off(passing):
    it = passing().client_comes().target_answers()
    it.client.leave(ConnectionLost())
    assert it.target.aborted
    it.protocol.dataReceived(b"late")
    it.protocol.readConnectionLost()
    it.target.producer.pauseProducing()
    it.target.producer.resumeProducing()
    it.target_leaves(ConnectionLost())


def test_a_client_that_breaks_off_after_its_target(passing):
    it = passing().client_comes().target_answers()
    it.target_leaves()
    it.client.leave(ConnectionLost())
    assert not it.target.aborted


def test_a_target_that_closes(passing):
    it = passing().client_comes().target_answers()
    it.protocol.dataReceived(b"bye")
    it.target_leaves()
    assert it.client.received == b"bye"
    assert it.client.closing


def test_a_target_that_breaks_off_breaks_the_client_off(passing):
    it = passing().client_comes().target_answers()
    it.target_leaves(ConnectionLost())
    assert it.client.transport.aborted


def test_a_target_that_refuses(passing, warned):
    it = passing()
    for _ in range(3):
        it.client_comes()
        it.target_refuses()
        assert it.client.closing
        it.client.leave()
    assert warned == ["db: cannot forward to tcp://192.0.2.9:80: Connection was refused by other side"]
    assert not it.reactor.getDelayedCalls()


def test_a_target_that_takes_too_long(passing, warned):
    it = passing(timeout=3.0).client_comes()
    it.reactor.advance(3)
    assert it.client.closing
    assert warned == ["db: cannot forward to tcp://192.0.2.9:80: nothing came of it within 3 s"]
    assert it.reactor.connectors[0].stoppedConnecting
    it.client.leave()
    assert len(warned) == 1


def test_a_client_that_does_not_wait(passing, warned):
    it = passing().client_comes()
    it.client.leave()
    assert not it.reactor.getDelayedCalls()
    assert it.reactor.connectors[0].stoppedConnecting
    assert warned == []


def test_a_client_is_not_idle_as_long_as_the_target_is_connected(passing, clock):
    it = passing(timeout=1000.0).client_comes()
    clock.advance(301)
    assert not it.client.closing
    it.target_answers()
    clock.advance(302)
    assert it.client.closing


def test_a_service_that_stops_tells_the_target(passing):
    it = passing().client_comes().target_answers()
    it.client.send(b"first")
    it.service.factory.clock.advance(QUIET)
    it.service.factory.drain()
    assert it.target.half_closed
    it.protocol.dataReceived(b"last")
    it.protocol.readConnectionLost()
    assert it.client.received == b"last"
    assert it.client.transport.half_closed


def test_messages_may_be_framed(passing, failures):
    it = passing(Lines()).client_comes().target_answers()
    it.client.send(b"one\ntwo\n")
    assert it.target.value() == b"onetwo"
    it.protocol.dataReceived(b"answer")
    assert it.client.received == b"answer\n"
    it.protocol.dataReceived(b"no\nline")
    failures.take(ValueError)
    assert it.client.closing


def test_bad_framing_is_no_end_in_order(passing):
    it = passing(Lines(limit=4)).client_comes().target_answers()
    it.client.send(b"too long")
    assert not it.target.half_closed
    assert it.client.closing
    it.client.leave()
    assert it.target.disconnecting


@pytest.mark.parametrize(
    ("version", "header"),
    [
        ("v1", b"PROXY TCP4 192.0.2.1 192.0.2.5 4000 25\r\n"),
        (
            "v2",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x05\x0f\xa0\x00\x19",
        ),
    ],
)
def test_a_proxy_header_comes_first(passing, version, header):
    it = passing(send_proxy=version).client_comes()
    it.client.send(b"hello")
    it.target_answers()
    assert it.target.value() == header + b"hello"
    it.protocol.dataReceived(b"answer")
    assert it.client.received == b"answer"
    it.protocol.readConnectionLost()
    assert it.client.transport.half_closed


def test_another_target_is_tried(passing, reactor):
    it = passing(targets=4).client_comes()
    it.target_refuses()
    it.target_refuses()
    it.target_answers()
    assert [attempt[0] for attempt in it.attempts] == ["192.0.2.9", "192.0.2.10", "192.0.2.11"]
    it.client.send(b"ping")
    assert it.target.value() == b"ping"
    assert [backend.connections for backend in it.backends] == [0, 0, 1, 0]
    it.client.leave()
    assert [backend.connections for backend in it.backends] == [0, 0, 0, 0]
    assert [backend.health.failures for backend in it.backends] == [1, 1, 0, 0]


def test_no_more_targets_than_may_be_tried(passing):
    it = passing(targets=4, retry=1).client_comes()
    it.target_refuses()
    it.target_refuses()
    assert len(it.attempts) == 2
    assert it.client.closing


def test_all_targets_together_have_so_much_time(passing, reactor):
    it = passing(targets=2, timeout=10.0).client_comes()
    reactor.advance(6)
    it.target_refuses()
    reactor.advance(4)
    assert it.client.closing
    assert [backend.health.failures for backend in it.backends] == [1, 1]
