from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport

from protocols.framing import Fixed, Length, Lines, Netstring
from protocols.stream_limits import BATCH, CORK_LIMIT, LINGER


class Order(BaseModel):
    amount: int


def echo(message: bytes) -> bytes:
    return message


def take(order: Order) -> int:
    return order.amount


class TestCork:
    def test_replies_to_one_read_leave_in_one_write(self, serve):
        peer = serve(echo).connect()
        peer.send(b"".join(b"%d\n" % n for n in range(100)))
        assert peer.transport.writes == [b"".join(b"%d\n" % n for n in range(100))]

    def test_cork_is_bounded_and_a_full_transport_stops_the_delivery(self, serve):
        answered = []

        def large(message: bytes) -> bytes:
            answered.append(message)
            return b"x" * 10_000

        peer = serve(large).connect()
        peer.send(b"m\n" * 1000)
        held = peer.transport.BUFFER + CORK_LIMIT + BATCH * 10_001
        assert len(answered) <= 2 * BATCH
        assert peer.transport.unread <= held
        assert peer.transport.producerState == "paused"
        while len(answered) < 1000:
            peer.transport.peer_reads()
            assert peer.transport.unread <= held
        peer.transport.peer_reads()
        assert peer.received == (b"x" * 10_000 + b"\n") * 1000
        assert peer.transport.producerState == "producing"


class TestBatches:
    """What a session that takes several messages in one call answers is what it would answer one by one."""

    def test_replies_of_every_kind_keep_their_order(self, serve):
        later: Deferred[bytes] = Deferred()

        async def mixed(message: bytes):
            if message == b"wait":
                return await later
            return {b"none": None, b"text": "t", b"list": [1]}.get(message, message)

        peer = serve(mixed).connect()
        peer.send(b"a\ntext\nnone\nb\nlist\nwait\nc\ntext\n")
        assert peer.received == b"a\nt\nb\n[1]\n"
        later.callback(b"w")
        assert peer.received == b"a\nt\nb\n[1]\nw\nc\nt\n"

    def test_one_bad_message_among_good_ones(self, serve):
        peer = serve(take).connect()
        peer.send(b'{"amount": 1}\n{"amount": "x"}\n{"amount": 3}\n')
        first, problem, last = peer.received.splitlines()
        assert (first, last) == (b"1", b"3")
        assert b"/amount" in problem
        assert not peer.closing

    def test_what_was_answered_before_a_failure_is_sent(self, serve, failures):
        def third(message: bytes) -> bytes:
            if message == b"3":
                raise LookupError
            return message

        peer = serve(third).connect()
        peer.send(b"1\n2\n3\n4\n")
        assert peer.received == b"1\n2\n"
        assert peer.closing
        failures.take(LookupError)

    def test_a_reply_that_cannot_be_carried_fails_and_those_before_are_sent(self, serve, failures):
        def two_lines(message: bytes) -> bytes:
            return b"two\nlines" if message == b"2" else message

        peer = serve(two_lines).connect()
        peer.send(b"1\n2\n3\n")
        assert peer.received == b"1\n"
        assert peer.closing
        failures.take(ValueError)

    def test_many_more_than_one_batch(self, serve):
        lines = b"".join(b"%d\n" % n for n in range(5 * BATCH + 1))
        peer = serve(echo).connect()
        peer.send(lines)
        assert peer.received == lines


class TestClose:
    @pytest.mark.parametrize("end", ["close", "fail"])
    def test_messages_after_it_in_the_same_chunk_are_not_delivered(self, serve, failures, end, recording):
        def stop(connection: Any, message: bytes) -> None:
            connection.send(message)
            if message == b"2":
                connection.close() if end == "close" else connection.fail(ValueError("no"))
                connection.send(b"late")

        handler = recording(stop)
        peer = serve(handler).connect()
        peer.send(b"1\n2\n3\n")
        peer.send(b"4\n")
        assert handler.calls == ["open", "started", b"1", b"2"]
        assert peer.received == b"1\n2\n"
        assert peer.closing
        peer.leave()
        assert handler.calls[4:] == [("closed", None)]
        failures.take(*([ValueError] if end == "fail" else []))

    def test_socket_stays_open_for_a_peer_that_still_sends(self, serve, clock, recording):
        handler = recording(lambda connection, _: connection.close())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        assert peer.transport.half_closed
        assert not peer.transport.disconnecting
        peer.connection.writeConnectionLost()
        clock.advance(LINGER - 0.1)
        assert not peer.transport.disconnecting
        clock.advance(0.1)
        assert peer.transport.disconnecting, "an orderly close: the kernel still has something to deliver"
        assert not peer.transport.aborted

    def test_peer_that_follows_ends_the_lingering(self, serve, recording):
        handler = recording(lambda connection, _: connection.close())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        peer.shut_down()
        assert peer.transport.disconnecting
        assert not peer.transport.aborted

    def test_close_while_paused_reads_again_so_that_the_end_is_seen(self, serve, recording):
        handler = recording(lambda connection, _: connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        handler.connection.close()
        assert peer.transport.producerState == "producing"

    def test_lost_connection_is_told_with_its_reason(self, serve, recording):
        handler = recording()
        peer = serve(handler).connect()
        lost = ConnectionLost()
        peer.leave(lost)
        assert handler.calls[2:] == [("closed", lost)]
        handler.connection.send(b"nobody")
        assert peer.received == b""

    def test_session_that_raises_at_its_end_is_logged(self, serve, failures, recording):
        handler = recording()
        handler.closed = lambda reason: 1 / 0
        peer = serve(handler).connect()
        peer.leave()
        failures.take(ZeroDivisionError)

    def test_handler_that_cannot_open_fails_its_connection(self, serve, failures):
        class Broken:
            def open(self, connection: Any) -> Any:
                raise RuntimeError("no")

        peer = serve(Broken()).connect()
        assert peer.closing
        failures.take(RuntimeError)


class TestEnd:
    def test_half_close_is_answered_before_closing(self, serve):
        peer = serve(echo).connect()
        peer.send(b"".join(b"%d\n" % n for n in range(500)))
        peer.shut_down()
        assert peer.received.count(b"\n") == 500
        assert peer.transport.disconnecting

    def test_pending_answers_are_delivered_after_half_close(self, serve):
        waiting: list[Deferred[bytes]] = []

        async def slow(message: bytes) -> bytes:
            waiting.append(Deferred())
            return await waiting[-1]

        peer = serve(slow).connect()
        peer.send(b"a\nb\n")
        peer.shut_down()
        assert not peer.closing
        waiting[0].callback(b"A")
        waiting[1].callback(b"B")
        assert peer.received == b"A\nB\n"
        assert peer.transport.disconnecting

    def test_framing_error_delivers_what_came_before_then_explains_and_closes(self, serve):
        service = serve(take, Lines(limit=20))
        peer = service.connect()
        peer.send(b'{"amount": 7}\n' + b"x" * 30 + b"\n" + b'{"amount": 8}\n')
        first, problem = peer.received.splitlines()
        assert first == b"7"
        assert b'"status":400' in problem
        assert b"longer than its limit of 20" in problem
        assert peer.transport.half_closed
        assert service.counts.framing_errors == 1
        assert service.counts.failures == 0

    @pytest.mark.parametrize(
        ("framing", "bytes_sent", "says"),
        [
            (Netstring(), b'13:{"amount": 7};', b"no comma"),
            (Netstring(), b"hello", b"does not begin with its length"),
            (Netstring(limit=10), b"999999999999:", b"longer than its limit"),
            (Length(4), b"\x7f\xff\xff\xff", b"longer than its limit"),
            (Length(4), b"\xff\xff\xff\xff", b"400"),
            (Length(2, includes_header=True), b"\x00\x00", b"less than the 2 bytes of its header"),
        ],
    )
    def test_bad_framing_end_to_end(self, serve, framing, bytes_sent, says):
        peer = serve(take, framing).connect()
        peer.send(bytes_sent)
        assert says in peer.received
        assert peer.closing

    def test_cut_in_the_middle_of_a_message(self, serve):
        service = serve(take)
        peer = service.connect()
        peer.send(b'{"amount": 7}\n{"amou')
        peer.shut_down()
        first, problem = peer.received.splitlines()
        assert first == b"7"
        assert b"the stream ended after 6 bytes" in problem
        assert service.counts.framing_errors == 1

    def test_garbage_to_an_untyped_service_closes_without_a_word(self, serve):
        peer = serve(echo, Netstring()).connect()
        peer.send(bytes(range(256)) * 4)
        assert peer.received == b""
        assert peer.closing


class TestBadMessages:
    def test_bad_json_and_wrong_shape_are_explained_and_the_connection_stays(self, serve):
        service = serve(take)
        peer = service.connect()
        peer.send(b'{"amount"\n{"amount": "many"}\n\xff\xfe\n{"amount": 3}\n')
        malformed, invalid, not_text, answer = peer.received.splitlines()
        assert b'"status":400' in malformed
        assert b'"status":422' in invalid
        assert b'"pointer":"/amount"' in invalid
        assert b'"status":400' in not_text
        assert answer == b"3"
        assert not peer.closing
        assert service.counts.rejected == 3

    def test_explanation_that_the_framing_cannot_carry_is_left_out(self, serve):
        service = serve(take, Fixed(4))
        peer = service.connect()
        peer.send(b"oops")
        assert peer.received == b""
        assert not peer.closing
        assert service.counts.rejected == 1
        assert service.counts.failures == 0


class TestFailures:
    def test_raising_function_is_logged_once_and_closes_its_connection_only(self, serve, failures):
        def boom(message: bytes) -> bytes:
            if message == b"boom":
                raise LookupError("the shelf is empty")
            return message

        service = serve(boom)
        unlucky, other = service.connect(), service.connect()
        unlucky.send(b"ok\nboom\nnever\n")
        assert unlucky.received == b"ok\n"
        assert unlucky.closing
        other.send(b"ok\n")
        assert other.received == b"ok\n"
        assert not other.closing
        (event,) = failures.take(LookupError)
        assert event["service"] == "tested"
        assert "in boom" in event["log_failure"].getTraceback()
        assert service.counts.failures == 1

    def test_wrong_type_is_a_failure(self, serve, failures):
        peer = serve(lambda message: object()).connect()
        peer.send(b"x\n")
        assert peer.closing
        failures.take(ValueError)

    def test_reply_that_the_framing_cannot_carry_is_a_failure(self, serve, failures):
        peer = serve(lambda message: b"two\nlines").connect()
        peer.send(b"x\n")
        assert peer.received == b""
        assert peer.closing
        failures.take(ValueError)

    def test_failure_after_the_connection_closed_is_still_logged(self, serve, failures, recording):
        def late(connection: Any, message: bytes) -> None:
            connection.close()
            raise KeyError("cleaning up")

        serve(recording(late)).connect().send(b"x\n")
        failures.take(KeyError)


def test_session_opens_when_the_handshake_is_done(serve, recording):
    handler = recording()
    peer = serve(handler).connect(ISSLTransport)
    assert handler.calls == []
    peer.connection.handshakeCompleted()
    assert handler.calls == ["open", "started"]
    assert handler.connection.peer.transport == "tls"


def test_connections_past_the_limit_are_refused(serve):
    service = serve(echo, connections=2)
    first, _ = service.connect(), service.connect()
    assert service.factory.buildProtocol(None) is None
    assert service.counts.refused == 1
    first.leave()
    assert service.factory.buildProtocol(None) is not None


def test_a_connection_that_is_gone_waits_for_no_garbage_collector(serve):
    service = serve(echo)
    peer = service.connect()
    peer.send(b"a\n")
    gone = weakref.ref(peer.connection)
    gc.disable()
    try:
        peer.leave()
        peer.transport.unregisterProducer()
        del peer
        assert gone() is None
    finally:
        gc.enable()
