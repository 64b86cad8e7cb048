from __future__ import annotations

import json

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, PingAckReceived
from h2.settings import SettingCodes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import ITCPTransport
from zope.interface import alsoProvides

from protocols.http import Limits, Request, RespondRoute, Response, function_route
from protocols.http.server.http2_meter import PREFACE
from protocols.http.server.http2_state import CONNECTION_WINDOW, STREAM_WINDOW

LIMITS = Limits()


# -- requests and responses --------------------------------------------------------------------------


def test_a_response(http2) -> None:
    reply = http2.ask("GET", "/a")
    assert (reply.status, reply.body) == (200, b"a")
    assert set(reply.headers) == {"server", "content-type", "content-length", "date"}
    assert reply.headers["content-length"] == "1"


def test_what_the_client_is_told_first(http2) -> None:
    told = http2.state.remote_settings
    assert told[SettingCodes.MAX_CONCURRENT_STREAMS] == LIMITS.streams
    assert told[SettingCodes.MAX_HEADER_LIST_SIZE] == LIMITS.header
    assert told[SettingCodes.INITIAL_WINDOW_SIZE] == STREAM_WINDOW
    assert told[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 1
    assert told[SettingCodes.ENABLE_PUSH] == 0
    assert http2.state.outbound_flow_control_window == CONNECTION_WINDOW


def test_a_request_as_a_function_sees_it(http2) -> None:
    reply = http2.ask(
        "POST",
        "/echo?x=1",
        b"text",
        ("cookie", "a=1"),
        ("accept", "x/y"),
        ("cookie", "b=2"),
        ("te", "trailers"),
    )
    seen = json.loads(reply.body)
    assert seen["facts"] == ["POST", "/echo", "x=1", "a.test", "http", "2"]
    assert seen["headers"] == {"host": "a.test", "accept": "x/y", "cookie": "a=1; b=2", "te": "trailers"}
    assert (seen["peer"], seen["body"]) == ("http://192.0.2.7:4321", "text")


def test_a_host_in_place_of_an_authority(http2) -> None:
    fields = [(":method", "GET"), (":scheme", "http"), (":path", "/echo"), ("host", "b.test")]
    http2.state.send_headers(1, fields, end_stream=True)
    http2.flush()
    http2.turn()
    assert b'"b.test"' in http2.reply(1).body


def test_many_at_a_time_are_answered_in_one_write(http2) -> None:
    for stream in range(1, 200, 2):
        http2.state.send_headers(stream, http2.fields("GET", "/a"), end_stream=True)
    writes = []
    http2.wire.write = lambda data: writes.append(data)
    http2.client.send(http2.state.data_to_send())
    assert len(writes) == 1
    del http2.wire.write
    http2.wire.write(writes[0])
    http2.read()
    assert [http2.reply(stream).body for stream in range(1, 200, 2)] == [b"a"] * 100


def test_answers_come_as_they_are_ready(http2, calls) -> None:
    first, second, third = (http2.request("POST", "/wait", b"x") for _ in range(3))
    assert http2.ask("GET", "/a").body == b"a"
    for at, stream in ((1, second), (2, third), (0, first)):
        calls[at].callback(str(at).encode())
        http2.turn()
        assert http2.reply(stream).body == str(at).encode()


def test_head_and_what_has_no_content(http2, big) -> None:
    reply = http2.ask("HEAD", "/big")
    assert (reply.status, reply.headers["content-length"], reply.pieces) == (200, str(len(big)), [])
    reply = http2.ask("OPTIONS", "/a")
    assert (reply.status, reply.pieces, "content-length" in reply.headers) == (204, [], False)
    assert http2.ask("OPTIONS", "*").status == 204


def test_a_request_again_and_another(http2) -> None:
    paths = ["/a", "/a", "/nowhere", "/a", "/nowhere", "/echo?1", "/echo?2", "/echo?1"]
    assert [http2.ask("GET", path).status for path in paths] == [200, 200, 404, 200, 404, 200, 200, 200]


def test_trailers(http2) -> None:
    stream = http2.request("POST", "/count", None)
    http2.send(stream, b"abc")
    http2.state.send_headers(stream, [("sum", "7")], end_stream=True)
    http2.flush()
    http2.turn()
    assert http2.reply(stream).body == b"3 7"


def test_a_client_that_asks_first_whether_it_may(http2) -> None:
    stream = http2.request("POST", "/size", None, ("expect", "100-continue"), ("content-length", "3"))
    http2.turn()
    assert http2.reply(stream).interim == [100]
    http2.send(stream, b"abc", end=True)
    http2.turn()
    assert http2.reply(stream).body == b"3"


def test_a_client_that_must_not_is_told_at_once(http2) -> None:
    stream = http2.request("POST", "/size", None, ("expect", "100-continue"), ("content-length", "1000001"))
    http2.turn()
    reply = http2.reply(stream)
    assert (reply.interim, reply.status, reply.reset) == ([], 413, ErrorCodes.NO_ERROR)


def test_content_that_is_too_long_is_not_read(http2) -> None:
    http2.state.max_outbound_frame_size = 2**14
    stream = http2.request("POST", "/size", None)
    for _ in range(62):
        if http2.reply(stream).status:
            break
        http2.send(stream, b"x" * 2**14)
        http2.turn()
    reply = http2.reply(stream)
    assert (reply.status, reply.ended, reply.reset) == (413, True, ErrorCodes.NO_ERROR)
    assert http2.ask("GET", "/a").body == b"a"


def test_the_block_of_a_response_is_the_same_on_every_connection(http2, another) -> None:
    """So the http2 must have been told that there is no table."""
    http2.state.update_settings({SettingCodes.HEADER_TABLE_SIZE: 0})
    http2.flush()
    assert [http2.ask("GET", "/a").status for _ in range(3)] == [200] * 3


def test_a_head_longer_than_a_frame(connect2, clock, journal) -> None:
    def long(request: Request) -> Response:
        return Response("x", headers=[(f"x-{at}", "~" * 3000) for at in range(20)])

    client = connect2({"/": function_route(long, reactor=clock, journal=journal, run="loop")})
    reply = client.ask("GET", "/")
    assert [reply.headers[f"x-{at}"] for at in range(20)] == ["~" * 3000] * 20


def test_what_a_response_says_for_its_connection_only_is_left_out(connect2, clock, journal) -> None:
    def route(request: Request) -> Response:
        fields = [("Server", "x"), ("Date", "y"), ("Proxy-Connection", "close"), ("Content-Type", "t/t")]
        return Response.passed_on(200, fields, b"z")

    client = connect2({"/": function_route(route, reactor=clock, journal=journal, run="loop")})
    headers = client.ask("GET", "/").headers
    assert headers == {"server": "x", "date": "y", "content-type": "t/t", "content-length": "1"}


# -- which version -----------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [b"PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n", b"PRI / HTTP/1.1\r\n\r\n", b"PUT"])
def test_a_beginning_that_is_nearly_the_preface(connect, begin: bytes) -> None:
    client = connect({"/a": RespondRoute("a")})
    for byte in begin + b"\r\n\r\n":
        client.send(bytes([byte]))
    assert client.answers()[0].status in (400, 501, 505)


def test_a_transport_that_delivers_several_times_at_once(connect, routes) -> None:
    """As TLS does, record by record."""
    client, state = connect(routes), H2Connection(H2Configuration(client_side=True))
    protocol, wire = client.factory.buildProtocol(None), type(client.wire)()
    wire.negotiatedProtocol = b"h2"
    protocol.makeConnection(wire)
    deliver = protocol.dataReceived
    state.initiate_connection()
    deliver(state.data_to_send())
    state.ping(b"12345678")
    deliver(state.data_to_send())
    assert any(isinstance(event, PingAckReceived) for event in state.receive_data(wire.value()))


def test_small_frames_do_not_wait_for_the_client(connect, routes) -> None:
    """An acknowledgement may take 40 ms, and a window that opens so late is one that is shut."""
    client, set_to = connect(routes), []
    alsoProvides(client.wire, ITCPTransport)
    client.wire.setTcpNoDelay = set_to.append
    client.send(PREFACE)
    assert set_to == [True]


def test_half_a_preface_is_no_reason_to_stay(connect, clock) -> None:
    client = connect({"/a": RespondRoute("a")}, idle=10)
    for at in range(12):
        client.send(PREFACE[at : at + 1])
        clock.advance(1)
    assert client.closed


def test_the_factory_knows_each_connection_once(http2, journal) -> None:
    assert len(http2.client.factory.open) == 1
    assert journal.counts.connections == 1
    http2.client.leave()
    assert not http2.client.factory.open


@given(st.lists(st.integers(1, 3200), max_size=30))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_pieces(connect, routes, places: list[int]) -> None:
    client, state = connect(routes), H2Connection(H2Configuration(client_side=True))
    state.initiate_connection()
    for stream, body in ((1, b"abc"), (3, b""), (5, b"x" * 3000)):
        fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/size")]
        state.send_headers(stream, fields, end_stream=not body)
        if body:
            state.send_data(stream, body, end_stream=True)
    state.ping(b"12345678")
    said = state.data_to_send()
    ends = sorted({place for place in places if place < len(said)})
    for start, end in zip([0, *ends], [*ends, len(said)], strict=True):
        client.send(said[start:end])
    client.turn()
    events = state.receive_data(client.wire.value())
    bodies = {event.stream_id: event.data for event in events if isinstance(event, DataReceived)}
    assert bodies == {1: b"3", 3: b"0", 5: b"3000"}
    assert any(isinstance(event, PingAckReceived) for event in events)


def test_byte_by_byte(connect, routes) -> None:
    client, state = connect(routes), H2Connection(H2Configuration(client_side=True))
    state.initiate_connection()
    fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/size")]
    state.send_headers(1, fields)
    state.send_data(1, b"abc", end_stream=True)
    for byte in state.data_to_send():
        client.send(bytes([byte]))
    client.turn()
    assert b"3" in [getattr(event, "data", None) for event in state.receive_data(client.wire.value())]
