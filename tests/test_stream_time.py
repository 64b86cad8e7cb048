"""What time does to a stream: idle connections, and the end of the service."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport, ITCPTransport

from protocols.framing import Lines
from protocols.stream_limits import LINGER, QUIET


def echo(message: bytes) -> bytes:
    return message


class TestOpenConnections:
    def test_they_say_who_they_are_and_how_long_they_have_been_open_and_idle(self, serve, clock):
        service = serve(echo)
        peer = service.connect()
        clock.advance(5)
        service.connect()
        clock.advance(2)
        peer.send(b"x\n")
        clock.advance(1)
        facts = {one: (one.age, one.idle) for one in service.factory.connections()}
        assert sorted(facts.values()) == [(3, 3), (8, 1)]
        assert facts[peer.connection] == (8, 1)
        assert peer.connection.peer.transport == "tcp"

    def test_they_are_not_idle_while_an_answer_is_made(self, serve, clock):
        async def slow(message: bytes) -> bytes:
            return await Deferred()

        service = serve(slow)
        service.connect().send(b"x\n")
        clock.advance(20)
        (one,) = service.factory.connections()
        assert (one.age, one.idle) == (20, 0)

    def test_one_is_aborted_while_they_are_listed(self, serve):
        service = serve(echo)
        first, second = service.connect(), service.connect()
        for one in service.factory.connections():
            if one is first.connection:
                one.abort()
                first.leave()
        assert (first.transport.aborted, second.transport.aborted) == (True, False)
        assert list(service.factory.connections()) == [second.connection]


class TestIdle:
    def test_closes_when_nothing_moved(self, serve, clock):
        peer = serve(echo, idle=10).connect()
        clock.advance(9)
        peer.send(b"x\n")
        clock.advance(9)
        assert not peer.closing
        clock.advance(1)
        assert peer.closing
        assert not peer.transport.aborted
        clock.advance(LINGER)
        assert peer.transport.aborted

    def test_aborts_a_peer_that_does_not_read(self, serve, clock):
        peer = serve(lambda message: b"x" * 100_000, idle=10).connect()
        peer.send(b"x\n")
        clock.advance(10)
        assert peer.transport.aborted

    @pytest.mark.parametrize("kind", [ITCPTransport, ISSLTransport])
    def test_keeps_a_peer_that_reads_slowly(self, serve, clock, kind):
        peer = serve(lambda message: b"x" * 1_000_000, idle=10).connect(kind)
        if kind is ISSLTransport:
            peer.connection.handshakeCompleted()
        peer.send(b"x\n")
        turns = 0
        while len(peer.received) < 1_000_000 and turns < 100:
            clock.advance(9)
            assert not peer.transport.aborted
            peer.transport.peer_reads()
            turns += 1
        assert peer.received == b"x" * 1_000_000 + b"\n"
        assert turns > 5
        clock.advance(10)
        assert peer.closing

    def test_gives_up_a_peer_that_does_not_read_after_close(self, serve, clock, recording):
        peer = serve(recording(lambda connection, _: connection.close()), idle=10).connect()
        peer.send(b"x\n")
        clock.advance(10)
        assert peer.transport.aborted

    def test_silence_from_the_start_is_given_less_time(self, serve, clock):
        peer = serve(echo, idle=100, first_byte=10).connect()
        clock.advance(9)
        assert not peer.closing
        clock.advance(1)
        assert peer.closing

    def test_a_word_of_either_side_ends_that(self, serve, clock, recording):
        service = serve(recording(), idle=100, first_byte=10)
        heard, told = service.connect(), service.connect()
        clock.advance(5)
        heard.send(b"x\n")
        told.connection.send(b"x")
        clock.advance(99)
        assert not heard.closing
        assert not told.closing
        clock.advance(1)
        assert heard.closing
        assert told.closing

    def test_it_is_not_longer_than_any_other_silence(self, serve, clock):
        peer = serve(echo, idle=5, first_byte=10).connect()
        clock.advance(5)
        assert peer.closing

    def test_then_for_ever_with_zero(self, serve, clock):
        peer = serve(echo, idle=0, first_byte=10).connect()
        clock.advance(1)
        peer.send(b"x\n")
        clock.advance(1e6)
        assert not peer.closing

    def test_never_with_zero(self, serve, clock):
        peer = serve(echo, idle=0, first_byte=0).connect()
        clock.advance(1e6)
        assert not peer.closing

    def test_timer_ends_with_the_connection(self, serve, clock):
        peer = serve(echo, idle=10).connect()
        peer.leave()
        assert clock.getDelayedCalls() == []


class TestDrain:
    def test_idle_connection_is_closed_at_once(self, serve, clock):
        service = serve(echo)
        peer = service.connect()
        clock.advance(QUIET)
        drained = service.factory.drain()
        assert peer.closing
        assert not drained.called
        peer.leave()
        assert drained.called

    def test_who_has_just_come_may_say_something(self, serve, clock):
        service = serve(echo)
        peer, silent, gone = service.connect(), service.connect(), service.connect()
        service.factory.drain()
        gone.leave()
        assert not peer.closing
        clock.advance(QUIET / 2)
        peer.send(b"hello\n")
        assert peer.received == b"hello\n"
        assert peer.closing
        assert not silent.closing
        clock.advance(QUIET / 2)
        assert silent.closing

    def test_half_a_message_may_finish(self, serve):
        service = serve(echo)
        peer = service.connect()
        peer.send(b"hal")
        service.factory.drain()
        assert not peer.closing
        peer.send(b"f\n")
        assert peer.received == b"half\n"
        assert peer.closing

    def test_pending_answers_are_delivered(self, serve, clock):
        answer: Deferred[bytes] = Deferred()

        async def slow(message: bytes) -> bytes:
            return await answer

        service = serve(slow)
        peer = service.connect()
        clock.advance(0.1)
        peer.send(b"x\n")
        service.factory.drain()
        assert not peer.closing
        answer.callback(b"done")
        assert peer.received == b"done\n"
        assert peer.closing

    def test_newcomers_are_refused(self, serve):
        service = serve(echo)
        assert service.factory.drain().called
        assert service.factory.buildProtocol(None) is None

    def test_unfinished_handshake_does_not_hold_it_up(self, serve):
        service = serve(echo)
        peer = service.connect(ISSLTransport)
        service.factory.drain()
        assert peer.transport.disconnecting

    def test_abort_closes_everything_at_once(self, serve):
        service = serve(echo)
        peers = [service.connect(), service.connect()]
        service.factory.abort()
        assert all(peer.transport.aborted for peer in peers)


class TestPace:
    def test_a_message_that_trickles_is_given_up(self, serve, clock):
        service = serve(echo, idle=100, message_time=60)
        peer = service.connect()
        for _ in range(61):
            peer.send(b"x")
            assert not peer.closing
            clock.advance(1)
        peer.send(b"x")
        assert peer.closing
        assert service.factory.journal.counts.framing_errors == 1

    def test_one_that_comes_at_a_pace_is_awaited(self, serve, clock):
        peer = serve(echo, Lines(limit=1_000_000), idle=100, message_time=60).connect()
        for _ in range(200):
            peer.send(b"x" * 600)
            clock.advance(1)
        peer.send(b"\n")
        assert len(peer.received) == 200 * 600 + 1

    def test_each_message_has_its_own_time(self, serve, clock):
        peer = serve(echo, idle=100, message_time=60).connect()
        for _ in range(5):
            peer.send(b"x")
            clock.advance(50)
            peer.send(b"\nx")
            clock.advance(5)
            peer.send(b"\n")
        assert not peer.closing

    def test_time_that_we_did_not_read_is_ours(self, serve, clock, recording):
        peer = serve(recording(), idle=1000, message_time=60).connect()
        peer.send(b"x")
        peer.connection.pause()
        clock.advance(100)
        peer.connection.resume()
        peer.send(b"x")
        assert not peer.closing

    def test_for_ever_with_zero(self, serve, clock):
        peer = serve(echo, idle=1000, first_byte=0, message_time=0).connect()
        peer.send(b"x")
        clock.advance(900)
        peer.send(b"x")
        assert not peer.closing
