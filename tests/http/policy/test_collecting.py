from __future__ import annotations

from dataclasses import dataclass

import pytest

from protocols.http import HTTPError, Request, Response, function_route
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.headers import HeadersRoute


def echo(request: Request) -> Response:
    return Response(request.body, headers=[("Path", request.path)])


@pytest.fixture
def client(connect, clock, journal):
    route = function_route(echo, reactor=clock, journal=journal, run="loop")
    return connect({"/f": CollectingRoute(route, 10)})


def test_without_content_the_route_is_asked_at_once(client) -> None:
    assert client.ask("GET", "/f").headers["Path"] == "/f"


def test_content_in_pieces(client) -> None:
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    assert client.answers() == []
    client.send(b"def")
    client.turn()
    assert client.answers()[0].body == b"abcdef"


def test_chunks(client) -> None:
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert client.answers()[0].body == b"abc"


def test_a_client_that_waits_to_be_told_is(client) -> None:
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_too_much_of_it(client) -> None:
    assert client.ask("POST", "/f", b"a" * 11).status == 413


def test_chunks_that_are_too_much(client) -> None:
    chunk = b"6\r\nabcdef\r\n"
    client.send(
        b"POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2 + b"0\r\n\r\n"
    )
    client.turn()
    assert client.answers()[0].status == 413


def test_a_client_that_leaves_before_the_end(client, failures) -> None:
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    client.break_off()
    assert failures == []


def test_what_is_inside_is_stopped() -> None:
    @dataclass
    class Inner:
        stopped: bool = False
        methods = ("GET",)
        subtree = True
        streams = False

        def respond(self, request: Request, rest: str) -> Response:
            raise HTTPError(404)

        def stop(self) -> None:
            self.stopped = True

    inner = Inner()
    route = CollectingRoute(inner, 10)
    assert (route.methods, route.subtree) == (("GET",), True)
    route.stop()
    assert inner.stopped


class Endless:
    """A route whose answers have no end of their own."""

    subtree = streams = drained = False
    methods = ("GET",)

    def respond(self, request, rest): ...

    def drain(self) -> None:
        self.drained = True

    def stop(self) -> None: ...


def test_a_route_hears_that_the_service_stops_whatever_is_around_it(connect) -> None:
    endless = Endless()
    client = connect({"/f": HeadersRoute(CollectingRoute(endless, 10), {"X-A": "a"})})
    client.factory.drain()
    assert endless.drained
