"""What takes too long, and how a connection ends."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes

from protocols.http import Limits, function_route
from protocols.http.server.http2 import LINGER
from protocols.http.server.http2_meter import LARGEST_STREAM
from protocols.http.server.http2_time import GRACE

LIMITS = Limits()
CALM = ErrorCodes.ENHANCE_YOUR_CALM


@pytest.fixture
def pass_time(http2, clock):
    def pass_time(seconds: float) -> None:
        for _ in range(int(seconds)):
            clock.advance(1)
            http2.read()

    return pass_time


def test_a_connection_that_asks_nothing_is_closed(http2, pass_time) -> None:
    pass_time(59)
    assert http2.goaways == []
    pass_time(3)
    assert http2.goaways == [(0, LARGEST_STREAM), (0, 0)]
    assert http2.closed


def test_a_ping_is_no_reason_to_stay(http2, pass_time) -> None:
    for _ in range(4):
        pass_time(20)
        http2.state.ping(b"12345678")
        http2.flush()
    assert http2.closed


def test_a_connection_that_is_used_is_kept(http2, pass_time) -> None:
    for _ in range(4):
        pass_time(40)
        assert http2.ask("GET", "/a").status == 200
    assert not http2.closed


def test_an_answer_may_take_its_time(http2, pass_time, calls) -> None:
    stream = http2.request("POST", "/wait", b"x")
    pass_time(500)
    calls[0].callback(b"at last")
    http2.turn()
    assert http2.reply(stream).body == b"at last"


def test_a_header_that_trickles_ends_the_connection(http2, pass_time) -> None:
    http2.state.send_headers(1, http2.fields("GET", "/a"), end_stream=True)
    for byte in http2.state.data_to_send()[:-1][: int(LIMITS.header_time) + 2]:
        http2.client.send(bytes([byte]))
        pass_time(1)
    pass_time(10)
    assert http2.goaways == [(CALM, 0)]
    assert http2.closed


def test_a_header_without_an_end_ends_the_connection(http2, pass_time) -> None:
    http2.client.send(b"\x00\x00\x01\x01\x01\x00\x00\x00\x01\x82")
    pass_time(LIMITS.header_time - 1)
    assert http2.goaways == []
    pass_time(2)
    assert http2.goaways == [(CALM, 0)]


def test_content_that_trickles_is_refused_and_the_others_are_not(http2, pass_time, calls) -> None:
    other = http2.request("POST", "/wait", b"x")
    stream = http2.request("POST", "/size", None)
    for _ in range(int(LIMITS.header_time) + 2):
        if not http2.reply(stream).ended:
            http2.send(stream, b"x")
        pass_time(1)
    reply = http2.reply(stream)
    assert (reply.status, reply.ended, reply.reset) == (408, True, ErrorCodes.NO_ERROR)
    calls[0].callback(b"w")
    http2.turn()
    assert http2.reply(other).body == b"w"


def test_what_is_refused_for_its_pace_is_reported_once(http2, pass_time, journal) -> None:
    reported = []
    http2.client.factory.answered = lambda exchange: reported.append(exchange.status)
    http2.request("POST", "/size", None)
    pass_time(LIMITS.header_time + 2)
    assert reported == [408]
    assert journal.counts.framing_errors == 1


def test_content_that_keeps_its_pace_is_awaited(http2, pass_time) -> None:
    stream = http2.request("POST", "/size", None)
    for _ in range(100):
        http2.send(stream, b"x" * LIMITS.body_rate)
        pass_time(1)
    http2.send(stream, b"", end=True)
    http2.turn()
    assert http2.reply(stream).body == str(100 * LIMITS.body_rate).encode()


def test_a_client_is_not_late_while_nobody_reads(http2, pass_time, bodies) -> None:
    stream = http2.request("POST", "/hold", None)
    http2.send(stream, b"x" * 100)
    pass_time(100)
    assert http2.reply(stream).status == 0
    assert bodies[0].body.read() == b"x" * 100
    pass_time(LIMITS.header_time + 2)
    assert http2.reply(stream).status == 408


def test_a_client_that_never_reads_is_given_up(http2, clock) -> None:
    http2.wire.room = 1000
    http2.state.send_headers(1, http2.fields("GET", "/big"), end_stream=True)
    http2.client.send(http2.state.data_to_send())
    clock.pump([1] * 59)
    assert not http2.wire.aborted
    clock.pump([1] * 3)
    assert http2.wire.aborted


def test_a_refused_client_has_time_to_read_why_and_no_more(http2, clock) -> None:
    http2.client.send(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00")
    assert http2.wire.half_closed
    http2.client.connection.writeConnectionLost()
    clock.pump([1] * (int(LINGER) - 1))
    assert not http2.wire.aborted
    clock.pump([1, 1])
    assert http2.wire.aborted


def test_a_refused_client_that_shuts_down_its_side_is_let_go(http2) -> None:
    http2.client.send(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00")
    http2.client.connection.readConnectionLost()
    assert http2.wire.disconnecting


# -- the end -----------------------------------------------------------------------------------------


def test_after_so_many_requests_the_connection_is_closed(connect2, routes) -> None:
    http2 = connect2(routes, requests=3)
    for _ in range(2):
        http2.ask("GET", "/a")
    assert http2.goaways == []
    streams = []
    for _ in range(5):
        streams.append(http2.state.get_next_available_stream_id())
        http2.state.send_headers(streams[-1], http2.fields("GET", "/a"), end_stream=True)
    http2.flush()
    # Those that were on their way are answered too.
    assert [http2.reply(stream).body for stream in streams] == [b"a"] * 5
    assert http2.goaways == [(0, LARGEST_STREAM), (0, streams[-1])]
    assert http2.closed


def test_drain_answers_what_is_asked(http2, another, calls) -> None:
    stream = http2.request("POST", "/wait", b"x")
    gone = http2.client.factory.drain()
    http2.turn()
    assert http2.goaways == [(0, LARGEST_STREAM), (0, stream)]
    assert not http2.closed
    late = http2.request("GET", "/a")
    assert http2.reply(late).reset == ErrorCodes.REFUSED_STREAM
    calls[0].callback(b"w")
    http2.turn()
    assert http2.reply(stream).body == b"w"
    assert http2.closed
    assert not gone.called
    http2.client.leave()
    assert gone.called


def test_drain_does_not_wait_for_a_client_that_says_nothing(http2, clock, calls) -> None:
    http2.client.factory.drain()
    clock.advance(0)
    assert not http2.closed
    clock.pump([GRACE, GRACE])
    assert http2.closed


def test_abort_closes_at_once(http2, calls) -> None:
    http2.request("POST", "/wait", b"x")
    http2.client.factory.abort()
    assert http2.wire.aborted


def test_a_client_that_leaves_cancels_its_calls(http2, calls, bodies, journal) -> None:
    http2.request("POST", "/wait", b"x")
    http2.request("POST", "/hold", None)
    http2.client.break_off()
    assert calls[0].called
    assert journal.counts.failures == 0


def test_nothing_is_left_on_the_clock(http2, clock) -> None:
    http2.ask("GET", "/big")
    http2.state.send_headers(3, http2.fields("GET", "/big"), end_stream=True)
    http2.client.send(http2.state.data_to_send())
    http2.client.leave()
    assert clock.getDelayedCalls() == []


def test_a_client_that_has_shut_down_its_side_is_answered(http2, calls) -> None:
    whole, half = http2.request("POST", "/wait", b"x"), http2.request("POST", "/size", None)
    http2.client.connection.readConnectionLost()
    http2.turn()
    assert http2.reply(half).reset == ErrorCodes.CANCEL
    calls[0].callback(b"w")
    http2.turn()
    assert http2.reply(whole).body == b"w"
    assert http2.closed


def test_a_client_that_has_shut_down_its_side_with_nothing_asked_is_closed(http2) -> None:
    http2.client.connection.readConnectionLost()
    http2.read()
    assert http2.wire.disconnecting


def test_each_answer_is_reported_once_when_it_is_on_its_way(connect2, routes, clock) -> None:
    http2 = connect2(routes, acknowledges=False)
    reported = []
    http2.client.factory.answered = lambda exchange: reported.append((exchange.status, exchange.finished))
    http2.request("GET", "/a")
    stream = http2.request("GET", "/big")
    http2.turn()
    http2.request("HEAD", "/nowhere")
    assert reported == [(200, True), (404, True)]
    http2.state.increment_flow_control_window(2**24)
    http2.state.increment_flow_control_window(2**24, stream)
    http2.flush()
    http2.turn()
    assert reported == [(200, True), (404, True), (200, True)]


def test_a_body_that_breaks_off_is_reset(connect2, clock, journal, failures) -> None:
    def numbers(number: int):
        yield from range(number)
        raise RuntimeError("broken")

    route = function_route(numbers, reactor=clock, journal=journal, run="loop")
    http2 = connect2({"/": route})
    stream = http2.request("POST", "/", b"3")
    http2.turn()
    reply = http2.reply(stream)
    assert (reply.body, reply.ended, reply.reset) == (b"0\n1\n2\n", False, ErrorCodes.INTERNAL_ERROR)
    assert len(failures) == 1
    assert http2.goaways == []
