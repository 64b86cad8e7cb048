"""How long answers took, and which are measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import floats
from twisted.internet.defer import Deferred

from protocols.handlers import FunctionHandler
from protocols.latency import BOUNDS, MOST, PERIOD, Histogram, Pace
from protocols.stream_limits import BATCH


class TestHistogram:
    @pytest.mark.parametrize(
        ("seconds", "bucket"), [(0, 0), (0.000_01, 0), (0.000_011, 1), (30, 19), (30.1, 20), (1e9, 20)]
    )
    def test_buckets_have_upper_bounds_that_belong_to_them(self, seconds, bucket):
        histogram = Histogram()
        histogram.observe(seconds)
        assert histogram.numbers.index(1) == bucket
        assert len(histogram.numbers) == len(BOUNDS) + 1 == 21

    def test_several_at_once(self):
        histogram = Histogram()
        histogram.observe(0.5, 16)
        assert sum(histogram.numbers) == 16
        assert histogram.total == 8

    @given(floats(min_value=0, max_value=1e6))
    def test_every_duration_has_its_bucket(self, seconds):
        histogram = Histogram()
        histogram.observe(seconds)
        bucket = histogram.numbers.index(1)
        assert bucket == len(BOUNDS) or seconds <= BOUNDS[bucket]
        assert bucket == 0 or seconds > BOUNDS[bucket - 1]


class TestPace:
    def test_each_is_measured_while_they_are_few(self):
        pace = Pace()
        for number in range(1, 10):
            assert pace.next(number, number * 0.01) == number + 1

    def test_in_a_rush_one_in_some(self):
        pace = Pace()
        pace.next(1, 1.0)
        assert pace.next(2, 1.0 + PERIOD / 50) in (51, 52)
        assert Pace().next(5, 0.0) == 5 + MOST

    def test_and_never_fewer_than_one_in_so_many(self):
        pace = Pace()
        pace.next(1, 1.0)
        assert pace.next(1_000_000, 1.001) == 1_000_000 + MOST


def shout(message: bytes) -> bytes:
    return message.upper()


class TestStreams:
    def test_messages_of_a_read_share_its_time(self, serve, clock):
        def slow(message: bytes) -> bytes:
            clock.advance(0.25)
            return message

        service = serve(slow)
        service.connect().send(b"x\ny\n")
        latency = service.factory.journal.latency
        assert latency.total == 0.5
        assert latency.numbers[BOUNDS.index(0.5)] == 2

    def test_under_load_not_every_read_is_measured(self, serve, clock):
        service = serve(shout)
        peer, latency = service.connect(), service.factory.journal.latency
        for _ in range(5):
            peer.send(b"x\n")
        assert sum(latency.numbers) == 1
        clock.advance(PERIOD)
        peer.send(b"x\n" * (2 * BATCH))
        assert sum(latency.numbers) == 1 + 2 * BATCH

    def test_answers_that_come_later_are_measured_when_they_come(self, clock, serve):
        later: Deferred[bytes] = Deferred()

        async def slow(message: bytes) -> bytes:
            return await later

        histogram = Histogram()
        handler = FunctionHandler(slow, reactor=clock, run="loop", latency=histogram)
        service = serve(handler)
        service.connect().send(b"x\n")
        clock.advance(3)
        assert not any((*histogram.numbers, *service.factory.journal.latency.numbers))
        later.callback(b"y")
        assert histogram.total == 3
        assert not any(service.factory.journal.latency.numbers)
        handler.stop()

    def test_those_too_that_are_given_up(self, clock, serve, failures):
        async def never(message: bytes) -> bytes:
            return await Deferred()

        histogram = Histogram()
        handler = FunctionHandler(never, reactor=clock, run="loop", timeout=7, latency=histogram)
        serve(handler).connect().send(b"x\n")
        clock.advance(7)
        assert histogram.total == 7
        failures.events.clear()
        handler.stop()
