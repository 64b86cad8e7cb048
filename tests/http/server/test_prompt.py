"""What is answered without an exchange is answered as it would be with one."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from protocols.http import HTTPError, Response
from protocols.http.source import PIECE, OctetsSource


class Route:
    """Answers with what `answer` makes of the request."""

    subtree = False
    streams = False
    methods = ("GET", "HEAD", "POST")

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    def respond(self, request, rest):
        self.requests.append(request)
        return self.answer(request)

    def stop(self): ...


def fails(request):
    raise HTTPError(418)


ROUTES = {
    "/text": lambda request: Response(f"{request.method} {request.query}"),
    "/none": lambda request: Response(status=204),
    "/source": lambda request: Response(OctetsSource(b"x" * 10)),
    "/large": lambda request: Response(b"x" * (PIECE + 1)),
    "/field": lambda request: Response(b"x", headers=[("X-One", "1")]),
    "/fails": fails,
    "/items/{id}": lambda request: Response(request.parameters["id"]),
}
PATHS = ["/text", "/text?a=1", "/none", "/source", "/large", "/field", "/fails", "/items/7", "/missing", "*"]
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT"]
FIELDS = ["", "Connection: close\r\n", "Content-Length: 3\r\n", "Expect: 100-continue\r\n", "X: y\r\n"]
DATE = re.compile(rb"Date: [^\r]*\r\n")


def asked(method: str, path: str, fields: str, version: str) -> bytes:
    content = "abc" if "Length" in fields else ""
    return f"{method} {path} HTTP/{version}\r\nHost: a.test\r\n{fields}\r\n{content}".encode()


REQUESTS = st.builds(
    asked,
    st.sampled_from(METHODS),
    st.sampled_from(PATHS),
    st.sampled_from(FIELDS),
    st.sampled_from(["1.1", "1.0"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    reads=st.lists(st.lists(REQUESTS, min_size=1, max_size=3), min_size=1, max_size=4),
    limit=st.integers(1, 6),
)
def test_the_bytes_are_the_same(connect, reads, limit):
    said = []
    # Who listens to the access log is told of exchanges, so each request has one.
    for access in (None, lambda access: None):
        client = connect(
            {path: Route(answer) for path, answer in ROUTES.items()}, access=access, requests=limit
        )
        for read in reads:
            for _ in range(2):  # what comes again is remembered
                client.send(b"".join(read))
                client.turn()
        said.append((DATE.sub(b"", client.wire.value()), client.closed, client.factory.journal.counts))
    assert said[0] == said[1]


GET = b"GET /f HTTP/1.1\r\nHost: a.test\r\n\r\n"


def test_no_exchange_is_made(connect, monkeypatch):
    client = connect({"/f": Route(lambda request: Response(b"x"))})
    monkeypatch.setattr("protocols.http.server.intake.Exchange", None)
    client.send(GET + GET)
    client.send(GET)
    assert [answer.status for answer in client.answers()] == [200] * 3


def test_an_answer_that_takes_longer_has_one_and_keeps_the_order(connect):
    waiting: list[Deferred[Response]] = []

    def later(request):
        waiting.append(Deferred())
        return waiting[-1]

    client = connect({"/f": Route(later), "/g": Route(lambda request: Response(b"second"))})
    client.send(GET)
    client.send(GET.replace(b"/f", b"/g"))
    assert client.wire.value() == b""
    waiting[0].callback(Response(b"first"))
    assert [answer.body for answer in client.answers()] == [b"first", b"second"]


def test_a_client_that_leaves_meanwhile_cancels_it(connect):
    cancelled = []
    client = connect({"/f": Route(lambda request: Deferred(cancelled.append))})
    client.send(GET)
    client.leave()
    assert len(cancelled) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_service_that_drains_while_it_is_asked_closes_after_the_answer(connect, times):
    def drains(request):
        if len(route.requests) == times:
            client.factory.drain()
        return Response(b"x")

    route = Route(drains)
    client = connect({"/f": route})
    for _ in range(times):
        client.send(GET)
    assert client.answers()[-1].headers["connection"] == "close"
    assert client.closed


def test_a_client_that_does_not_read_is_not_answered_until_it_does(connect):
    route = Route(lambda request: Response(b"x"))
    client = connect({"/f": route})
    client.send(GET)
    client.connection.pauseProducing()
    client.send(GET)
    assert len(route.requests) == 1
    client.connection.resumeProducing()
    assert len(route.requests) == 2


def test_each_request_is_an_object_of_its_own(connect):
    route = Route(lambda request: Response(b"x"))
    client = connect({"/f": route})
    client.send(GET)
    client.send(GET)
    first, second = route.requests
    assert first is not second
    assert first.__dict__ == second.__dict__


def test_an_answer_to_what_came_again_may_take_its_time(connect, clock):
    waiting: list[Deferred[Response]] = []

    def later(request):
        waiting.append(Deferred())
        return waiting[-1]

    client = connect({"/f": Route(later)})
    client.send(GET)
    waiting[0].callback(Response(b"x"))
    client.send(GET)
    clock.pump([1] * (int(client.factory.limits.header_time) + 2))
    waiting[1].callback(Response(b"x"))
    clock.pump([1] * (int(client.factory.limits.header_time) + 2))
    assert [answer.status for answer in client.answers()] == [200, 200]
    assert not client.closed
