from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport

from protocols.framing import Fixed, Length, Lines, Netstring
from protocols.stream_connection import BATCH, CORK_LIMIT, LINGER


class Order(BaseModel):
    amount: int


def echo(message: bytes) -> bytes:
    return message


def take(order: Order) -> int:
    return order.amount


class RecordingHandler:
    """A handler whose sessions note every call, and do what `on_message` says."""

    def __init__(self, on_message: Any = None) -> None:
        self.calls: list[Any] = []
        self.on_message = on_message
        self.connection: Any = None

    def open(self, connection: Any) -> RecordingHandler:
        self.connection = connection
        self.calls.append("open")
        return self

    def started(self) -> None:
        self.calls.append("started")

    def received(self, message: bytes) -> None:
        self.calls.append(message)
        if self.on_message is not None:
            self.on_message(self.connection, message)

    def ended(self, error: Exception | None) -> None:
        self.calls.append(("ended", error and str(error)))
        self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        self.calls.append(("closed", reason))

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")


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


class TestBackpressure:
    def test_session_hears_that_its_peer_does_not_read(self, serve):
        handler = RecordingHandler(lambda connection, _: connection.send(b"x" * 70_000))
        peer = serve(handler).connect()
        peer.send(b"a\nb\n")
        assert handler.calls == ["open", "started", b"a", "pause_writing"]
        assert peer.transport.producerState == "paused"
        peer.transport.peer_reads()
        assert handler.calls[4:] == ["resume_writing", b"b", "pause_writing"]

    def test_pause_in_the_middle_of_a_batch_holds_the_rest(self, serve):
        handler = RecordingHandler(lambda connection, message: message == b"2" and connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n2\n3\n4\n")
        assert handler.calls == ["open", "started", b"1", b"2"]
        assert peer.transport.producerState == "paused"
        peer.send(b"5\n")
        assert handler.calls[4:] == []
        handler.connection.resume()
        assert handler.calls[4:] == [b"3", b"4", b"5"]
        assert peer.transport.producerState == "producing"

    def test_ended_waits_until_the_connection_is_resumed(self, serve):
        handler = RecordingHandler(lambda connection, _: connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        peer.shut_down()
        assert handler.calls == ["open", "started", b"1"]
        handler.connection.resume()
        assert handler.calls[3:] == [("ended", None)]

    def test_pending_awaitable_pauses_reading_and_resumes(self, serve):
        waiting: list[Deferred[bytes]] = []

        async def slow(message: bytes) -> bytes:
            waiting.append(Deferred())
            return await waiting[-1]

        peer = serve(slow, pending=3).connect()
        peer.send(b"0\n1\n2\n")
        assert peer.transport.producerState == "producing"
        peer.send(b"3\n4\n")
        assert peer.transport.producerState == "paused"
        for n in range(5):
            waiting[n].callback(b"%d" % n)
        assert peer.received == b"0\n1\n2\n3\n4\n"
        assert peer.transport.producerState == "producing"


class TestClose:
    @pytest.mark.parametrize("end", ["close", "fail"])
    def test_messages_after_it_in_the_same_chunk_are_not_delivered(self, serve, failures, end):
        def stop(connection: Any, message: bytes) -> None:
            connection.send(message)
            if message == b"2":
                connection.close() if end == "close" else connection.fail(ValueError("no"))
                connection.send(b"late")

        handler = RecordingHandler(stop)
        peer = serve(handler).connect()
        peer.send(b"1\n2\n3\n")
        peer.send(b"4\n")
        assert handler.calls == ["open", "started", b"1", b"2"]
        assert peer.received == b"1\n2\n"
        assert peer.closing
        peer.leave()
        assert handler.calls[4:] == [("closed", None)]
        failures.take(*([ValueError] if end == "fail" else []))

    def test_socket_stays_open_for_a_peer_that_still_sends(self, serve, clock):
        handler = RecordingHandler(lambda connection, _: connection.close())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        assert peer.transport.half_closed
        assert not peer.transport.disconnecting
        peer.connection.writeConnectionLost()
        clock.advance(LINGER - 0.1)
        assert not peer.transport.aborted
        clock.advance(0.1)
        assert peer.transport.aborted

    def test_peer_that_follows_ends_the_lingering(self, serve):
        handler = RecordingHandler(lambda connection, _: connection.close())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        peer.shut_down()
        assert peer.transport.disconnecting
        assert not peer.transport.aborted

    def test_close_while_paused_reads_again_so_that_the_end_is_seen(self, serve):
        handler = RecordingHandler(lambda connection, _: connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        handler.connection.close()
        assert peer.transport.producerState == "producing"

    def test_lost_connection_is_told_with_its_reason(self, serve):
        handler = RecordingHandler()
        peer = serve(handler).connect()
        lost = ConnectionLost()
        peer.leave(lost)
        assert handler.calls[2:] == [("closed", lost)]
        handler.connection.send(b"nobody")
        assert peer.received == b""

    def test_session_that_raises_at_its_end_is_logged(self, serve, failures):
        handler = RecordingHandler()
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

    def test_failure_after_the_connection_closed_is_still_logged(self, serve, failures):
        def late(connection: Any, message: bytes) -> None:
            connection.close()
            raise KeyError("cleaning up")

        serve(RecordingHandler(late)).connect().send(b"x\n")
        failures.take(KeyError)


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

    def test_gives_up_a_peer_that_does_not_read_after_close(self, serve, clock):
        peer = serve(RecordingHandler(lambda connection, _: connection.close()), idle=10).connect()
        peer.send(b"x\n")
        clock.advance(10)
        assert peer.transport.aborted

    def test_never_with_zero(self, serve, clock):
        peer = serve(echo, idle=0).connect()
        clock.advance(1e6)
        assert not peer.closing

    def test_timer_ends_with_the_connection(self, serve, clock):
        peer = serve(echo, idle=10).connect()
        peer.leave()
        assert clock.getDelayedCalls() == []


class TestDrain:
    def test_idle_connection_is_closed_at_once(self, serve):
        service = serve(echo)
        peer = service.connect()
        drained = service.factory.drain()
        assert peer.closing
        assert not drained.called
        peer.leave()
        assert drained.called

    def test_half_a_message_may_finish(self, serve):
        service = serve(echo)
        peer = service.connect()
        peer.send(b"hal")
        service.factory.drain()
        assert not peer.closing
        peer.send(b"f\n")
        assert peer.received == b"half\n"
        assert peer.closing

    def test_pending_answers_are_delivered(self, serve):
        answer: Deferred[bytes] = Deferred()

        async def slow(message: bytes) -> bytes:
            return await answer

        service = serve(slow)
        peer = service.connect()
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


def test_session_opens_when_the_handshake_is_done(serve):
    handler = RecordingHandler()
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
