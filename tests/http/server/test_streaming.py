"""Content that is read as it comes, and bodies that are sent as they are made."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.http import Entry, Request, Response, Source, StreamingRequest, function_route
from protocols.http.body import HELD

HEAD = b"POST /f HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /g HTTP/1.1\r\nHost: a\r\n\r\n"


class Pieces(Source):
    """What the test says, when it says so."""

    def __init__(self, length=None):
        self.length = length
        self.reading = None
        self.closed = False

    def read(self):
        self.reading = Deferred(lambda _: None)
        return self.reading

    def give(self, piece):
        reading, self.reading = self.reading, None
        reading.callback(piece)

    def close(self):
        assert not self.closed
        self.closed = True


@pytest.fixture
def seen():
    """The requests the function was called with."""
    return []


@pytest.fixture
def client(connect, clock, journal, seen):
    async def upload(request: StreamingRequest) -> Response:
        seen.append(request)
        size = 0
        async for piece in request.body:
            size += len(piece)
        return Response(f"{size} {dict(request.body.trailers)}")

    async def other(request: Request) -> str:
        return "other"

    route = function_route(upload, reactor=clock, journal=journal, timeout=1e6)
    rest = function_route(other, reactor=clock, journal=journal)
    return connect({"/f": [Entry(route, body=10**9)], "/g": rest}, body=10)


@pytest.fixture
def answering(connect, clock, journal):
    """A client of a function that answers with `source` before it has read anything."""

    def answering(source, **limits):
        async def answer(request: StreamingRequest) -> Response:
            return Response(source)

        route = function_route(answer, reactor=clock, journal=journal)
        return connect({"/f": route, "/g": route}, **limits)

    return answering


def test_the_function_is_asked_before_the_content_comes(client, seen):
    client.send(HEAD + b"Content-Length: 6\r\n\r\n")
    assert len(seen) == 1
    for piece in (b"ab", b"cd", b"ef"):
        client.send(piece)
    assert client.answers()[0].body == b"6 {}"


def test_chunks_and_trailers(client):
    client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: z\r\n\r\n" + GET)
    assert [answer.body for answer in client.answers()] == [b"3 {'t': 'z'}", b"other"]


def test_a_client_is_told_to_go_on_when_its_content_is_read(client, seen):
    client.send(HEAD + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert client.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.wire.clear()
    client.send(b"x")
    assert client.answers()[0].body == b"1 {}"


def test_a_client_is_not_told_to_go_on_for_nothing(client):
    client.send(b"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Connection"]) == (404, "close")
    assert client.closed


def test_a_client_that_leaves_in_the_middle(client, seen, failures):
    client.send(HEAD + b"Content-Length: 6\r\n\r\nab")
    client.leave()
    assert len(seen) == 1
    assert failures == []


def test_content_past_the_limit_of_the_route(connect, clock, journal):
    async def upload(request: StreamingRequest) -> Response:
        return Response(str(len(await request.body.whole(10**9))))

    route = function_route(upload, reactor=clock, journal=journal)
    client = connect({"/f": [Entry(route, body=5)]})
    client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n")
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Connection"]) == (413, "close")


def test_a_client_is_not_read_from_while_nobody_reads_its_content(answering):
    source = Pieces()
    client = answering(source, body=10**9)
    client.send(HEAD + b"Content-Length: %d\r\n\r\n" % (HELD * 3))
    client.send(b"x" * HELD)
    assert client.wire.producerState == "paused"
    client.turn()
    source.give(None)
    assert client.wire.producerState == "producing"  # what is left is for nobody


def test_a_body_of_a_known_length(answering):
    source = Pieces(length=3)
    client = answering(source)
    client.send(GET)
    source.give(b"ab")
    client.turn()
    source.give(b"c")
    client.turn()
    source.give(None)
    (answer,) = client.answers()
    assert (answer.headers["Content-Length"], answer.body) == ("3", b"abc")
    assert source.closed
    assert not client.closed


def test_a_body_of_no_known_length_is_chunked(answering):
    source = Pieces()
    client = answering(source)
    client.send(GET)
    source.give(b"ab")
    assert client.wire.value().endswith(b"\r\n\r\n2\r\nab\r\n")
    client.turn()
    source.give(None)
    assert client.answers()[0].body == b"ab"


def test_a_body_for_http_1_0_ends_with_the_connection(answering):
    source = Pieces()
    client = answering(source)
    client.send(b"GET /g HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    source.give(b"ab")
    client.turn()
    source.give(None)
    (answer,) = client.answers()
    assert (answer.headers["Connection"], answer.body) == ("close", b"ab")
    assert client.closed


def test_an_empty_piece_lets_the_head_go(answering):
    source = Pieces()
    client = answering(source)
    client.send(GET)
    assert client.wire.value() == b""
    source.give(b"")
    assert client.wire.value().endswith(b"Transfer-Encoding: chunked\r\n\r\n")


@pytest.mark.parametrize("piece", [b"ab", b"abcd"])
def test_a_body_that_is_not_as_long_as_announced_is_cut_off(answering, piece, failures):
    source = Pieces(length=3)
    client = answering(source)
    client.send(GET)
    source.give(piece)
    client.turn()
    if source.reading is not None:
        source.give(None)
    assert client.wire.aborted
    assert source.closed
    assert len(failures) == 1


def test_a_head_asks_for_no_body(answering):
    source = Pieces(length=3)
    client = answering(source)
    client.send(b"HEAD /g HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = client.answers("HEAD")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "3")
    assert source.closed


def test_a_client_that_leaves_closes_the_source(answering):
    source = Pieces()
    client = answering(source)
    client.send(GET)
    client.leave()
    assert source.closed


def test_a_source_waits_for_a_client_that_does_not_read(answering):
    source = Pieces()
    client = answering(source)
    client.wire.room = 10
    client.send(GET)
    source.give(b"x" * 100)
    client.turn()
    assert source.reading is None
    client.wire.room = None
    client.wire.producer.resumeProducing()
    client.turn()
    assert source.reading is not None


def test_both_ways_at_once(connect, clock, journal):
    class Echo(Source):
        def __init__(self, body):
            self.body = body

        def read(self):
            return self.body.read()

        def close(self):
            self.body.close()

    async def echo(request: StreamingRequest) -> Response:
        return Response(Echo(request.body))

    client = connect({"/f": function_route(echo, reactor=clock, journal=journal)})
    client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for letter in (b"a", b"b"):
        client.send(b"1\r\n" + letter + b"\r\n")
        client.turn()
        assert client.wire.value().endswith(b"1\r\n" + letter + b"\r\n")
    client.send(b"0\r\n\r\n")
    client.turn()
    assert client.answers()[0].body == b"ab"
    assert not client.closed
