from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.http import Limits, RespondRoute, function_route
from protocols.http.server.http1_time import QUIET
from protocols.http.server.times import LINGER

LIMITS = Limits()

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"


def size(message: bytes) -> str:
    return str(len(message))


@pytest.fixture
def calls() -> list[Deferred[bytes]]:
    """The calls of /wait that have not been answered."""
    return []


@pytest.fixture
def client(connect, clock, journal, calls):
    def wait(message: bytes) -> Deferred[bytes]:
        calls.append(Deferred())
        return calls[-1]

    routes = {
        "/a": RespondRoute("a"),
        "/big": RespondRoute("b" * 200_000),
        "/size": function_route(size, reactor=clock, journal=journal, run="loop"),
        "/wait": function_route(wait, reactor=clock, journal=journal, run="loop", timeout=1e6),
    }
    return connect(routes, idle=60, body=1000)


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


# -- keeping and closing connections -----------------------------------------------------------------


def test_a_connection_is_kept(client) -> None:
    for _ in range(3):
        assert client.ask("GET", "/a").headers["Connection"] is None
    assert not client.closed


def test_requests_in_one_burst_are_answered_in_order(client) -> None:
    client.send((GET + b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc") * 200)
    client.turn()
    assert [answer.body for answer in client.answers()] == [b"a", b"3"] * 200


def test_requests_byte_by_byte(client) -> None:
    for byte in GET + b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc":
        client.send(bytes([byte]))
    assert [answer.body for answer in client.answers()] == [b"a", b"3"]


def test_the_next_request_waits_for_the_one_before(client, calls) -> None:
    client.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + GET)
    assert client.wire.value() == b""
    calls[0].callback(b"w")
    assert [answer.body for answer in client.answers()] == [b"w", b"a"]


@pytest.mark.parametrize("wish", ["close", "Close", "close, TE", "TE,close"])
def test_a_client_that_wants_to_close(client, wish: str) -> None:
    assert client.ask("GET", "/a", Connection=wish).headers["Connection"] == "close"
    assert client.closed


WAIT = b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


def test_a_client_that_has_shut_down_its_side_is_answered(client, calls) -> None:
    client.send(WAIT)
    client.connection.readConnectionLost()
    assert not client.closed
    calls[0].callback(b"w")
    (answer,) = client.answers()
    assert (answer.status, answer.body, answer.headers["Connection"]) == (200, b"w", "close")
    assert client.closed


def test_everything_asked_before_the_side_was_shut_down_is_answered(client, calls) -> None:
    client.send(WAIT + GET + GET + WAIT + GET + b"GET /a HTTP/1.1\r\nHo")
    client.connection.readConnectionLost()
    calls[0].callback(b"1")
    client.connection.readConnectionLost()  # as transports do when they are told to read on
    assert not client.closed
    calls[1].callback(b"2")
    assert [answer.body for answer in client.answers()] == [b"1", b"a", b"a", b"2", b"a"]
    assert client.closed


def test_a_large_answer_to_a_side_that_is_shut_down_is_whole(client) -> None:
    client.wire.room = 1000
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    client.connection.readConnectionLost()
    assert not client.closed
    client.wire.room = None
    client.wire.producer.resumeProducing()
    while not client.closed:
        client.turn()
    (answer,) = client.answers()
    assert len(answer.body) == 200_000


@pytest.mark.parametrize(
    "half", [b"", GET, GET[:20], WAIT[:-2], b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"]
)
def test_a_side_that_is_shut_down_with_nothing_asked_is_closed(client, calls, half: bytes) -> None:
    client.send(half)
    said = client.wire.value()
    client.connection.readConnectionLost()
    assert client.closed
    assert client.wire.value() == said
    assert calls == []


def test_a_refused_client_that_shuts_down_its_side_is_let_go(client) -> None:
    client.send(b"nonsense\r\n\r\n")
    assert client.wire.half_closed
    assert not client.wire.disconnecting
    client.connection.readConnectionLost()
    assert client.wire.disconnecting
    assert statuses(client) == [400]


def test_http_1_0(client) -> None:
    client.send(b"GET /a HTTP/1.0\r\n\r\n")
    (answer,) = client.answers()
    assert (answer.status, answer.body, answer.headers["Connection"]) == (200, b"a", "close")
    assert client.closed


def test_a_chunked_body(client) -> None:
    head = b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.send(head + b"3\r\nabc\r\n4;x=y\r\nabcd\r\n0\r\n\r\n" + GET)
    assert [answer.body for answer in client.answers()] == [b"7", b"a"]


def test_a_client_that_asks_first_whether_it_may(client) -> None:
    client.send(b"POST /size HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert client.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.wire.clear()
    client.send(b"x")
    assert client.answers()[0].body == b"1"


# -- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /a HTTP/1.1\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /a HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET /a\r\n\r\n", 505),
        (b"GET /a HTTP/2.0\r\n\r\n", 505),
        (b"\x16\x03\x01 garbage\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nno colon\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * LIMITS.request_line + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /a HTTP/1.1\r\nX: " + b"a" * LIMITS.header + b"\r\nHost: a\r\n\r\n", 431),
        (b"GET /a HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * 8000 + b"\r\n") * 5 + b"\r\n", 431),
        (b"GET /a HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * (LIMITS.header_fields + 1) + b"\r\n", 431),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST /size HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_a_request_that_is_refused(client, journal, request_bytes: bytes, status: int) -> None:
    client.send(request_bytes)
    client.send(GET)
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Connection"]) == (status, "close")
    assert client.wire.half_closed
    assert not client.wire.disconnecting
    assert journal.counts.framing_errors == 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", 413),
        (b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n", 413),
        (
            b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"1f4\r\n" + b"x" * 500 + b"\r\n") * 2
            + b"1\r\nx\r\n",
            413,
        ),
    ],
)
def test_content_that_is_too_long_is_not_read(client, request_bytes: bytes, status: int) -> None:
    client.send(request_bytes)
    client.send(GET)
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Connection"]) == (status, "close")
    assert client.wire.half_closed
    assert not client.wire.disconnecting


def test_a_refused_client_has_time_to_read_why_and_no_more(client, clock) -> None:
    client.send(b"GET /a\r\n\r\n")
    clock.advance(LINGER - 1)
    assert not client.wire.aborted
    clock.pump([1, 1])
    assert client.wire.aborted


def test_a_body_as_long_as_may_be(client) -> None:
    assert client.ask("POST", "/size", b"x" * 1000).body == b"1000"


def test_a_request_line_as_long_as_may_be(client) -> None:
    path = b"/" + b"a" * (LIMITS.request_line - 1)
    client.send(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert statuses(client) == [404]


# -- time --------------------------------------------------------------------------------------------


def pass_time(clock, seconds: float) -> None:
    clock.pump([1] * int(seconds))


def test_a_connection_that_never_asks_anything_is_closed(client, clock) -> None:
    pass_time(clock, 29)
    assert not client.closed
    pass_time(clock, 2)
    assert client.wire.disconnecting


def test_one_that_asks_no_more_is_closed_later(client, clock) -> None:
    pass_time(clock, 1)
    client.send(GET)
    pass_time(clock, 59)
    assert not client.closed
    pass_time(clock, 2)
    assert client.wire.disconnecting


def test_a_connection_that_is_used_is_kept(client, clock) -> None:
    pass_time(clock, 20)
    for _ in range(4):
        client.send(GET)
        pass_time(clock, 40)
    assert not client.closed
    assert statuses(client) == [200] * 4


def test_headers_that_trickle_are_cut_off(client, clock) -> None:
    client.send(b"GET /a HTTP/1.1\r\n")
    for _ in range(int(LIMITS.header_time) + 1):
        client.send(b"X: y\r\n")
        clock.advance(1)
    assert statuses(client) == [408]
    assert client.closed


def test_a_body_that_trickles_is_cut_off(client, clock) -> None:
    client.send(b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(int(LIMITS.header_time) + 2):
        client.send(b"x")
        clock.advance(1)
    assert statuses(client) == [408]


def test_a_body_that_keeps_its_pace_is_awaited(connect, clock, journal) -> None:
    route = function_route(size, reactor=clock, journal=journal, run="loop")
    client = connect({"/size": route})
    total = LIMITS.body_rate * 100
    client.send(b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
    for _ in range(100):
        client.send(b"x" * LIMITS.body_rate)
        clock.advance(1)
    assert client.answers()[0].body == str(total).encode()


def test_an_answer_may_take_its_time(client, clock, calls) -> None:
    client.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    pass_time(clock, 500)
    assert not client.closed
    calls[0].callback(b"at last")
    assert client.answers()[0].body == b"at last"


def test_a_client_that_never_reads_is_given_up(client, clock) -> None:
    client.wire.room = 1000
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    pass_time(clock, 59)
    assert not client.wire.aborted
    pass_time(clock, 2)
    assert client.wire.aborted


def test_a_client_that_does_not_read_gets_no_more_answers_made(client) -> None:
    client.wire.room = 1000
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
    client.turn()
    assert len(client.wire.value()) < 100_000
    client.wire.room = None
    client.wire.producer.resumeProducing()
    client.turn()
    assert [len(answer.body) for answer in client.answers()] == [200_000] * 50


# -- the factory -------------------------------------------------------------------------------------


def test_the_peer_and_its_end_are_counted(client, journal) -> None:
    assert str(client.connection.peer) == "http://192.0.2.7:4321"
    assert journal.counts.connections == 1
    client.leave()
    assert not client.factory.open


def test_no_more_connections_than_allowed(connect, another, journal) -> None:
    client = connect({"/": RespondRoute("a")}, connections=1)
    assert client.factory.buildProtocol(None) is None
    assert journal.counts.refused == 1
    client.leave()
    assert another(client).ask("GET", "/").body == b"a"


def test_drain_closes_what_is_idle_and_answers_what_is_asked(client, another, calls) -> None:
    client.clock.advance(QUIET)
    busy, half = another(client), another(client)
    busy.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + GET)
    half.send(b"GET /a HTTP/1.1\r\nHo")
    gone = client.factory.drain()
    assert client.wire.disconnecting
    assert client.factory.buildProtocol(None) is None
    assert not busy.closed
    half.send(b"st: a\r\n\r\n")
    calls[0].callback(b"w")
    for served, body in ((busy, b"w"), (half, b"a")):
        (answer,) = served.answers()
        assert (answer.body, answer.headers["Connection"]) == (body, "close")
        assert served.closed
    for each in (client, busy):
        each.leave()
    assert not gone.called
    half.leave()
    assert gone.called


def test_drain_with_nobody_there(client) -> None:
    client.leave()
    assert client.factory.drain().called


def test_abort_closes_at_once(client, calls) -> None:
    client.send(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    client.factory.abort()
    assert client.wire.aborted


def test_nothing_is_left_on_the_clock(client, clock) -> None:
    client.ask("GET", "/big")
    client.leave()
    assert clock.getDelayedCalls() == []


def test_what_is_offered_inside_tls(client) -> None:
    assert client.factory.acceptableProtocols() == [b"h2", b"http/1.1", b"http/1.0"]
