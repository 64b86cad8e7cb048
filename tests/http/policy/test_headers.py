from __future__ import annotations

import pytest
from twisted.internet.protocol import Protocol

from protocols.http import Entry, HTTPError, Request, RespondRoute, Response, Source, Upgrade, function_route
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.headers import HeadersRoute


def content(request: Request) -> Response:
    return Response("a", headers=[("X-B", "b")])


@pytest.fixture
def around(connect, clock, journal):
    """A client of a function inside of some header fields."""

    def around(function, fields, **settings):
        inner = function_route(function, reactor=clock, journal=journal, run="loop")
        route = HeadersRoute(CollectingRoute(inner, 10), fields)
        return connect({"/f": [Entry(route, **settings)]})

    return around


def test_fields_are_added(around) -> None:
    client = around(content, {"X-A": "a", "Server": "mine"})
    headers = client.ask("GET", "/f").headers
    assert (headers["X-A"], headers["X-B"], headers.get_all("Server")) == ("a", "b", ["mine"])


def test_fields_of_the_same_name_give_way(around) -> None:
    def cached(request: Request) -> Response:
        return Response("a", headers=[("cache-control", "public"), ("Cache-Control", "immutable")])

    client = around(cached, {"Cache-Control": "no-store"})
    assert client.ask("GET", "/f").headers.get_all("Cache-Control") == ["no-store"]


def test_late_answers_have_them_too(around, clock) -> None:
    from twisted.internet.task import deferLater

    async def late(request: Request) -> Response:
        return await deferLater(clock, 1, Response, "late")

    client = around(late, {"X-A": "a"})
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(1)
    [answer] = client.answers()
    assert (answer.body, answer.headers["X-A"]) == (b"late", "a")


def test_errors_have_them_too(around) -> None:
    def refuse(request: Request) -> Response:
        raise HTTPError(418, headers={"X-A": "of the error", "X-C": "c"})

    answer = around(refuse, {"X-A": "a"}).ask("GET", "/f")
    assert (answer.status, answer.headers.get_all("X-A"), answer.headers["X-C"]) == (418, ["a"], "c")


def test_so_does_our_own_fault(around, failures) -> None:
    def fail(request: Request) -> Response:
        raise ZeroDivisionError

    answer = around(fail, {"X-A": "a"}).ask("GET", "/f")
    assert (answer.status, answer.headers["X-A"]) == (500, "a")


def test_so_does_content_that_is_too_long(around) -> None:
    client = around(content, {"X-A": "a"}, body=5)
    answer = client.ask("POST", "/f", b"a" * 6)
    assert (answer.status, answer.headers["X-A"]) == (413, "a")


def test_so_does_a_body_that_fails_before_it_begins(around, failures) -> None:
    class Broken(Source):
        def read(self):
            raise ZeroDivisionError

        def close(self) -> None:
            pass

    def broken(request: Request) -> Response:
        return Response(Broken())

    answer = around(broken, {"X-A": "a"}).ask("GET", "/f")
    assert (answer.status, answer.headers["X-A"]) == (500, "a")


def test_what_is_no_answer_of_the_route_has_them_not(around) -> None:
    client = around(content, {"X-A": "a"}, methods=("GET",))
    assert client.ask("GET", "/other").headers["X-A"] is None
    assert client.ask("POST", "/f").headers["X-A"] is None


def test_an_upgrade_has_them(clock, journal, connect) -> None:
    class Other(Protocol):
        pass

    class Route:
        methods = ("GET",)
        subtree = False
        streams = True

        def respond(self, request, rest):
            return Upgrade(Other(), "other", (("X-A", "b"), ("X-B", "b")))

        def stop(self) -> None:
            pass

    client = connect({"/f": HeadersRoute(Route(), {"X-A": "a"})})
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
    assert b"101 Switching" in client.wire.value()
    assert b"\r\nX-B: b\r\nX-A: a\r\n" in client.wire.value()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Content-Length": "5"}, "how the connection is used"),
        ({"connection": "close"}, "how the connection is used"),
        ({"Content-Type": "a/b"}, "written by the server"),
        ({"Date": "now"}, "written by the server"),
        ({"X A": "b"}, "not the name"),
        ({"X-A": "b\r\nX-B: c"}, "break the line"),
        ({"Server": "b\nc"}, "break the line"),
    ],
)
def test_fields_that_cannot_be_said(fields, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HeadersRoute(CollectingRoute(RespondRoute("a"), 1), fields)


def test_it_needs_a_route_that_is_asked_before_the_content() -> None:
    with pytest.raises(ValueError, match="CollectingRoute"):
        HeadersRoute(RespondRoute("a"), {"X-A": "a"})
