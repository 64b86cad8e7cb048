"""Messages of a service as they pass, for who watches."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.datagram import DatagramServer
from protocols.handlers import Conversation, FunctionHandler
from protocols.journal import Journal
from protocols.session import Peer
from protocols.tap import CONTENT, FRAMES, Tap

PEER = Peer("tcp", "192.0.2.1", 4000)


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def tap(now):
    return Tap(lambda: now[0])


class TestTap:
    def test_who_watches_is_told_until_it_stops(self, tap):
        first, second = [], []
        tap.passed(PEER, "in", b"0")
        stop_first, stop_second = tap.watch(first.append), tap.watch(second.append)
        tap.passed(PEER, "in", b"1")
        stop_first()
        stop_first()
        tap.passed(PEER, "out", b"2", 0.5)
        assert tap.watched
        stop_second()
        assert not tap.watched
        assert [one.content for one in first] == [b"1"]
        assert [(one.direction, one.content, one.took) for one in second][1:] == [("out", b"2", 0.5)]

    def test_one_may_watch_twice(self, tap):
        heard = []
        stop, _ = tap.watch(heard.append), tap.watch(heard.append)
        stop()
        stop()
        tap.passed(PEER, "in", b"1")
        assert len(heard) == 1

    def test_only_so_many_are_told_in_a_second_and_the_others_counted(self, tap, now):
        heard = []
        tap.watch(heard.append)
        for _ in range(FRAMES + 7):
            tap.passed(PEER, "in", b"x")
        assert len(heard) == FRAMES
        assert not any(one.missed for one in heard)
        now[0] += 1
        tap.passed(PEER, "in", b"x")
        tap.passed(PEER, "in", b"x")
        assert [one.missed for one in heard[FRAMES:]] == [7, 0]

    def test_an_answer_took_what_went_by_since_its_peer_asked(self, tap, now):
        other = Peer("tcp", "192.0.2.2", 4000)
        assert tap.took(PEER) is None
        tap.came(PEER, (b"1",))
        now[0] += 0.25
        assert (tap.took(PEER), tap.took(other)) == (0.25, None)
        tap.asked(other)
        assert (tap.took(PEER), tap.took(other)) == (None, 0)

    def test_the_beginning_of_the_content_is_told_and_the_size_of_the_whole(self, tap):
        heard = []
        tap.watch(heard.append)
        tap.passed(PEER, "in", b"y" * 10_000)
        tap.passed(PEER, "in", b"words", size=77)
        assert [(one.size, len(one.content)) for one in heard] == [(10_000, CONTENT), (77, 5)]


def shout(message: bytes) -> bytes:
    return message.upper()


class TestStreams:
    @pytest.fixture
    def watched(self, serve):
        """Serve, and watch a connection that was there before."""

        def watched(function):
            service = serve(function)
            peer, heard = service.connect(), []
            stop = service.factory.journal.tap.watch(heard.append)
            return peer, heard, stop

        return watched

    def test_messages_and_answers_of_a_connection_that_was_there_before(self, watched):
        peer, heard, stop = watched(shout)
        peer.send(b"a\nb\n")
        assert [(one.direction, one.content) for one in heard] == [
            *(("in", b"a"), ("in", b"b"), ("out", b"A"), ("out", b"B"))
        ]
        assert heard[0].peer == peer.connection.peer
        assert heard[0].took is None
        assert heard[2].took is not None
        stop()
        peer.send(b"c\n")
        assert len(heard) == 4
        assert peer.received == b"A\nB\nC\n"

    def test_more_than_a_batch_is_answered_as_ever(self, watched):
        peer, heard, _ = watched(shout)
        peer.send(b"x\n" * 40)
        assert peer.received == b"X\n" * 40
        assert len(heard) == 80

    def test_nothing_is_delivered_after_a_failure(self, watched, failures):
        def fail(message: bytes) -> bytes:
            if message == b"2":
                raise LookupError
            return message

        peer, heard, _ = watched(fail)
        peer.send(b"1\n2\n3\n")
        assert peer.received == b"1\n"
        assert peer.closing
        assert [one.content for one in heard if one.direction == "out"] == [b"1"]
        failures.take(LookupError)

    def test_an_answer_that_comes_later(self, watched):
        later: Deferred[bytes] = Deferred()

        async def slow(message: bytes) -> bytes:
            return await later

        peer, heard, _ = watched(slow)
        peer.send(b"a\n")
        later.callback(b"b")
        assert [(one.direction, one.content) for one in heard] == [("in", b"a"), ("out", b"b")]

    def test_what_nobody_asked_for_took_no_time(self, serve):
        async def greet(connection: Conversation[bytes]) -> None:
            await connection.send(b"hello")

        service, heard = serve(greet), []
        service.factory.journal.tap.watch(heard.append)
        assert service.connect().received == b"hello\n"
        assert [(one.direction, one.content, one.took) for one in heard] == [("out", b"hello", None)]

    def test_what_is_no_message_of_bytes(self, watched):
        def number(message: int) -> int:
            return message + 1

        peer, heard, _ = watched(number)
        peer.send(b"1\n")
        assert [one.content for one in heard] == [b"1", b"2"]
        assert heard[1].took is not None


def test_datagrams(clock):
    class Port:
        def write(self, message, address):
            return True

    handler = FunctionHandler(shout, reactor=clock, run="loop")
    server = DatagramServer(handler, journal=Journal("u"))
    server.transport = Port()
    heard = []
    stop = server.journal.tap.watch(heard.append)
    for _ in range(3):
        server.datagramReceived(b"a", ("192.0.2.1", 9))
    stop()
    server.datagramReceived(b"b", ("192.0.2.1", 9))
    assert [(one.direction, one.content, str(one.peer)) for one in heard] == [
        ("in", b"a", "udp://192.0.2.1:9"),
        ("out", b"A", "udp://192.0.2.1:9"),
    ] * 3
    handler.stop()
