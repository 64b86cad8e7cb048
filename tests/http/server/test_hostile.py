"""What clients may do at the wrong moment, and routes that go wrong."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol

from protocols.http import Entry, HTTPError, RespondRoute, Response, Source, Upgrade
from protocols.http.policy.cors import CORSRoute
from protocols.http.server.http1 import WAITING
from protocols.http.server.intake import SLICE
from protocols.http.target import REMEMBERED, _split_again, split_target

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
LATER = b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
UP = b"GET /later HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"


class Later:
    """Answers when, and with what, the test says."""

    subtree = streams = False
    methods = ("GET", "POST")

    def __init__(self):
        self.asked = []

    def respond(self, request, rest):
        self.asked.append(Deferred())
        return self.asked[-1]

    def stop(self):
        pass


class Other(Protocol):
    ended = False
    data = b""

    def dataReceived(self, data):
        self.data += data


@pytest.fixture
def later():
    return Later()


@pytest.fixture
def client(connect, later):
    return connect({"/a": RespondRoute("a"), "/later": later, "/big": RespondRoute("b" * 60_000)})


def statuses(client):
    return [answer.status for answer in client.answers()]


@pytest.mark.parametrize("bad", [b"garbage\r\n\r\n", b"GET /a HTTP/1.1\r\n\r\n", b"BREW / HTTP/1.1\r\n"])
def test_what_came_before_a_fault_is_answered_before_it(client, bad):
    client.send(GET + GET + bad)
    assert statuses(client)[:2] == [200, 200]
    assert statuses(client)[2] >= 400


def test_any_number_of_upgrades_with_content(client):
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: a\r\nContent-Length: 1\r\n\r\n"
    client.send((head + b"x") * 700)
    assert statuses(client) == [405] * 700


def test_each_request_has_a_time_of_its_own(client, clock):
    client.send(GET[:10])
    for _ in range(20):
        clock.advance(2)
        client.send(GET[10:] + GET[:10])
    assert statuses(client) == [200] * 20


def test_a_client_that_is_told_to_wait_has_time(connect, clock):
    class Slow(Later):
        streams = True

    client = connect({"/later": Slow()})
    client.send(b"POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    clock.pump([1] * 30)
    assert client.wire.value() == b""


def test_long_targets_are_not_remembered():
    before = _split_again.cache_info().currsize
    for number in range(10):
        split_target(f"/{number}" + "x" * REMEMBERED)
    assert _split_again.cache_info().currsize == before


def test_a_query_of_endless_fields():
    _, query = split_target("/?" + "&".join(f"a{n}=" for n in range(1001)))
    with pytest.raises(HTTPError, match="1000 fields"):
        query.get("a1")


class Stubborn(Source):
    """Does not like to be closed."""

    def read(self):
        return Deferred(lambda _: None)

    def close(self):
        raise ZeroDivisionError


class Piece(Source):
    def read(self):
        return "text"

    def close(self):
        pass


@pytest.mark.parametrize(
    "answer",
    [
        HTTPError(307, "", {"Location": "/\u20ac"}),
        HTTPError(600),
        "no response",
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_an_answer_that_is_none(client, later, answer, at_once, failures, monkeypatch):
    fire = "errback" if isinstance(answer, Exception) else "callback"
    if at_once:
        monkeypatch.setattr(later, "respond", lambda request, rest: _now(answer))
    client.send(LATER)
    if not at_once:
        getattr(later.asked[0], fire)(answer)
    client.turn()
    assert statuses(client) == [500]
    assert failures
    client.send(GET)
    assert statuses(client) == [500, 200]


def test_a_piece_that_is_none_ends_the_connection(client, later, failures):
    client.send(LATER)
    later.asked[0].callback(Response(Piece()))
    client.turn()
    assert client.wire.aborted
    assert len(failures) == 1


def _now(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_a_source_that_does_not_like_to_be_closed(client, later, failures):
    client.send(LATER)
    later.asked[0].callback(Response(Stubborn()))
    client.leave()
    assert not client.factory.open
    assert len(failures) == 1


@pytest.mark.parametrize("origin", ["", "Origin: https://b.test\r\n"])
def test_options_runs_nothing_that_is_for_another_method(connect, later, origin):
    later.streams = True
    route = CORSRoute(later, origins=["*"])
    client = connect({"/later": [Entry(route, methods=("POST",))]})
    ask = f"OPTIONS /later HTTP/1.1\r\nHost: a\r\n{origin}Access-Control-Request-Method: POST\r\n\r\n"
    client.send(ask.encode())
    assert later.asked == []
    assert statuses(client) == [204]


def test_an_upgrade_behind_a_client_that_does_not_read(client, later):
    client.wire.room = 1000
    client.send(BIG * 2 + UP + GET)
    assert later.asked == []
    client.wire.room = None
    client.wire.producer.resumeProducing()
    protocol = Other()
    later.asked[0].callback(Upgrade(protocol, "other"))
    assert protocol.data == GET
    assert client.wire.value().endswith(b"Connection: Upgrade\r\n\r\n")


def test_a_client_that_had_shut_down_its_side_before_an_upgrade(client, later):
    client.send(UP)
    client.connection.readConnectionLost()
    later.asked[0].callback(Upgrade(Other(), "other"))
    assert client.wire.disconnecting


def test_http_1_0_knows_no_upgrade(client, later):
    client.send(UP.replace(b"1.1", b"1.0") + GET)
    later.asked[0].callback(Response("no"))
    assert statuses(client)[0] == 200
    assert b"101" not in client.wire.value()


def test_nothing_is_announced_for_a_status_without_a_body(client, later):
    class Some(Piece):
        length = 5

    client.send(LATER)
    later.asked[0].callback(Response.passed_on(205, [], Some()))
    client.send(GET)
    answers = client.answers()
    assert [(answer.status, answer.headers["Content-Length"]) for answer in answers] == [
        (205, "0"),
        (200, "1"),
    ]


def test_a_download_that_ends_while_the_service_stops_ends_its_connection(client, later):
    source = Stubborn()
    source.close = lambda: None
    reading = Deferred()
    source.read = lambda: reading
    client.send(LATER)
    later.asked[0].callback(Response(source))
    client.factory.drain()
    reading.callback(None)
    assert client.closed


def test_what_waits_is_answered_while_the_service_stops(client):
    client.wire.room = 1000
    client.send(BIG * 2 + GET)
    client.factory.drain()
    client.wire.room = None
    client.wire.producer.resumeProducing()
    assert statuses(client) == [200, 200, 200]
    assert client.closed


def test_a_flood_of_requests_is_not_taken_apart_at_once(client, later):
    short = b"GET /a HTTP/1.1\r\nHost:\r\n\r\n"
    client.send(LATER + short * 2500)
    assert len(client.connection._queue) <= WAITING + SLICE // len(short) + 1
    assert client.wire.producerState == "paused"
    client.send(short * 10)
    later.asked[0].callback(Response("first"))
    assert statuses(client) == [200] * 2511
    assert client.wire.producerState == "producing"
