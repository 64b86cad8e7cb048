from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.guard.limits import SourceLimits, Throttle


class Transport:
    """Notes what is done to it."""

    def __init__(self):
        self.reading = True
        self.aborted = False

    def pauseProducing(self):
        self.reading = False

    def resumeProducing(self):
        self.reading = True

    def abortConnection(self):  # noqa: N802 - Twisted's name
        self.aborted = True


class Source:
    """One source with as many connections as are wanted."""

    def __init__(self, **limits):
        self.clock = Clock()
        self.over = []
        self.read = []
        self.throttle = Throttle(SourceLimits(**limits), self.clock, lambda *over: self.over.append(over))

    def connection(self, source="a"):
        transport = Transport()
        meter = self.throttle.meter(transport, source)
        return transport, meter.around(self), meter

    def dataReceived(self, data):
        """What all its connections deliver to."""
        self.read.append(data)


def test_what_is_within_the_rate_is_not_touched():
    source = Source(byte_rate=100)
    transport, deliver, _ = source.connection()
    deliver(b"x" * 100)
    assert transport.reading
    assert source.over == []


def test_what_is_too_much_is_delivered_and_then_nothing_is_read_for_so_long():
    source = Source(byte_rate=100)
    transport, deliver, _ = source.connection()
    deliver(b"x" * 150)
    assert source.read == [b"x" * 150]
    assert not transport.reading
    assert source.over == [("a", "byte_rate")]
    source.clock.advance(0.49)
    assert not transport.reading
    source.clock.advance(0.02)
    assert transport.reading


def test_all_connections_of_a_source_count_and_those_of_others_do_not():
    source = Source(byte_rate=100)
    (first, deliver, _), (second, deliver_too, _) = source.connection(), source.connection()
    other, deliver_other, _ = source.connection("b")
    deliver(b"x" * 90)
    deliver_too(b"x" * 20)
    deliver_other(b"x" * 90)
    assert (first.reading, second.reading, other.reading) == (True, False, True)


def test_another_connection_of_a_source_that_waits_waits_too():
    source = Source(byte_rate=100, message_rate=10)
    _, deliver, first = source.connection()
    deliver(b"x" * 150)
    first.count_messages(20)
    transport, _, meter = source.connection()
    meter.begin()
    assert not transport.reading
    assert source.over[2:] == [("a", "message_rate")]
    source.clock.advance(0.9)
    assert not transport.reading
    source.clock.advance(0.2)
    assert transport.reading


def test_one_of_another_source_does_not():
    source = Source(byte_rate=100, over="refuse")
    _, deliver, _ = source.connection()
    deliver(b"x" * 150)
    transport, _, meter = source.connection("b")
    meter.begin()
    assert not transport.aborted
    transport, _, meter = source.connection()
    meter.begin()
    assert transport.aborted


def test_messages_count_by_themselves():
    source = Source(message_rate=10)
    transport, _, _ = source.connection()
    transport.count_messages(10)
    assert transport.reading
    transport.count_messages(5)
    assert not transport.reading
    assert source.over == [("a", "message_rate")]
    source.clock.advance(0.51)
    assert transport.reading


def test_a_protocol_that_waits_too_is_waited_for():
    source = Source(byte_rate=100)
    transport, deliver, _ = source.connection()
    deliver(b"x" * 150)
    transport.pauseProducing()
    source.clock.advance(1)
    assert not transport.reading
    transport.resumeProducing()
    assert transport.reading


def test_a_protocol_that_goes_on_has_to_wait():
    source = Source(byte_rate=100)
    transport, deliver, _ = source.connection()
    transport.pauseProducing()
    deliver(b"x" * 150)
    transport.resumeProducing()
    assert not transport.reading
    source.clock.advance(1)
    assert transport.reading


def test_waiting_is_not_prolonged_by_what_was_read_before():
    source = Source(byte_rate=100)
    transport, deliver, _ = source.connection()
    deliver(b"x" * 150)
    deliver(b"x" * 50)
    source.clock.advance(0.6)
    assert transport.reading
    assert len(source.clock.getDelayedCalls()) == 0


def test_where_nobody_waits_the_connection_is_closed():
    source = Source(byte_rate=100, over="refuse")
    transport, deliver, _ = source.connection()
    deliver(b"x" * 150)
    assert transport.aborted
    assert transport.reading
    assert source.over == [("a", "byte_rate")]


@pytest.mark.parametrize("paused", [False, True])
def test_in_the_end_the_transport_is_as_it_was(paused):
    source = Source(byte_rate=100)
    transport, deliver, meter = source.connection()
    if paused:
        deliver(b"x" * 150)
    meter.stop()
    assert set(transport.__dict__) == {"reading", "aborted"}
    assert source.clock.getDelayedCalls() == []
    source.clock.advance(1)
