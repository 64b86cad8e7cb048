"""What the server tells the access log."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater

from protocols.http import Request, RespondRoute, Response, Source, Upgrade, function_route
from protocols.http.access_log.access import GIVEN_UP
from protocols.http.local_redirect import LocalRedirect


@pytest.fixture
def seen():
    return []


@pytest.fixture
def serve_seen(connect, clock, journal, seen):
    def serve_seen(function, **settings):
        route = function_route(function, reactor=clock, journal=journal, run="loop")
        return connect({"/f": route}, access=seen.append, **settings)

    return serve_seen


def hello(request: Request) -> str:
    return "hello"


def test_an_answer(serve_seen, seen) -> None:
    serve_seen(hello).ask("GET", "/f?a=b")
    [access] = seen
    assert (access.status, access.sent, access.request.target, access.peer.host) == (
        200,
        5,
        "/f?a=b",
        "192.0.2.7",
    )


def test_what_is_no_route_too(serve_seen, seen) -> None:
    client = serve_seen(hello)
    client.ask("GET", "/missing")
    client.ask("HEAD", "/f")
    client.ask("OPTIONS", "/f")
    assert [(access.status, access.sent > 0) for access in seen] == [(404, True), (200, False), (200, True)]


class Knows:
    """A route that finds out who asks."""

    streams = True
    subtree = False
    methods = ("GET",)

    def respond(self, request, rest):
        request.with_peer(replace(request.peer, user="alice"))
        return Response("x")

    def stop(self): ...


class Elsewhere(Knows):
    """Has that one answer."""

    def respond(self, request, rest):
        return LocalRedirect("/knows")


@pytest.mark.parametrize("path", ["/knows", "/elsewhere"])
def test_who_asks_is_known_also_where_another_path_answers(connect, seen, path) -> None:
    client = connect({"/knows": Knows(), "/elsewhere": Elsewhere()}, access=seen.append)
    client.ask("GET", path)
    assert [access.peer.user for access in seen] == ["alice"]


def test_times(serve_seen, seen, clock) -> None:
    class Slow(Source):
        def read(self):
            return next(pieces)

        def close(self) -> None:
            pass

    second: Deferred = Deferred()
    pieces = iter([b"a", second, None])

    async def late(request: Request) -> Response:
        await deferLater(clock, 2, int)
        return Response(Slow())

    client = serve_seen(late)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(2)
    clock.advance(0)
    assert seen == []
    clock.advance(3)
    second.callback(b"b")
    clock.advance(0)
    [access] = seen
    assert (access.first, access.duration, access.sent) == (2, 5, 2)


def test_a_client_that_leaves_before_its_answer(serve_seen, seen, clock) -> None:
    async def late(request: Request) -> Response:
        return await deferLater(clock, 2, Response)

    client = serve_seen(late)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(1)
    client.break_off()
    [access] = seen
    assert (access.status, access.first, access.duration) == (GIVEN_UP, None, 1)


def test_a_client_that_leaves_within_its_answer(serve_seen, seen) -> None:
    class Endless(Source):
        pieces = iter([b"abc"])

        def read(self):
            return next(self.pieces, None) or Deferred()

        def close(self) -> None:
            pass

    def endless(request: Request) -> Response:
        return Response(Endless())

    client = serve_seen(endless)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    client.turn()
    client.turn()
    client.break_off()
    assert [(access.status, access.sent) for access in seen] == [(200, 3)]


def test_a_body_that_fails(serve_seen, seen, failures) -> None:
    class Broken(Source):
        length = 10
        pieces = iter([b"abc"])

        def read(self):
            return next(self.pieces)

        def close(self) -> None:
            pass

    def broken(request: Request) -> Response:
        return Response(Broken())

    client = serve_seen(broken)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    for _ in range(3):
        client.turn()
    client.break_off()
    assert [(access.status, access.sent) for access in seen] == [(200, 3)]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"garbage\r\n\r\n", 400),
        (b"GET /f HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 50_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_request_that_cannot_be_read(serve_seen, seen, data: bytes, status: int) -> None:
    serve_seen(hello).send(data)
    assert [(access.status, access.request, access.duration) for access in seen] == [(status, None, None)]


def test_a_request_that_does_not_come_to_its_end(serve_seen, seen, clock) -> None:
    client = serve_seen(hello)
    client.send(b"GET /f HTTP/1.1\r\n")
    clock.pump([1] * 11)
    assert [access.status for access in seen] == [408]


def test_content_that_cannot_be_read(serve_seen, seen) -> None:
    serve_seen(hello).send(b"POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")
    assert [(access.status, access.request.path) for access in seen] == [(400, "/f")]


def test_content_that_never_comes(serve_seen, seen) -> None:
    client = serve_seen(hello)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    client.connection.readConnectionLost()
    client.leave()
    assert [(access.status, access.request.path) for access in seen] == [(GIVEN_UP, "/f")]


def test_another_protocol(connect, seen) -> None:
    class Other(Protocol):
        pass

    class Route:
        methods = ("GET",)
        subtree = False
        streams = True

        def respond(self, request, rest):
            return Upgrade(Other(), "other")

        def stop(self) -> None:
            pass

    client = connect({"/f": Route()}, access=seen.append)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
    client.break_off()
    assert [access.status for access in seen] == [101]


def test_requests_behind_one_another(connect, seen) -> None:
    client = connect({"/a": RespondRoute("a"), "/b": RespondRoute("b")}, access=seen.append)
    client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [access.request.path for access in seen] == ["/a", "/b"]
