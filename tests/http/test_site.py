from __future__ import annotations

import json
import subprocess
import sys

import pytest
from twisted.logger import formatEvent

from protocols.handlers import CallTimeoutError
from protocols.http import RespondRoute, Response, Source


@pytest.fixture
def client(connect):
    return connect({"/a": RespondRoute("a"), "/old/": RespondRoute("old")})


def test_every_response_says_who_and_when(client) -> None:
    for path in ("/a", "/missing"):
        answer = client.ask("GET", path)
        assert answer.headers["Server"] == "polyport"
        assert answer.headers["Date"].endswith(" GMT")


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/html;q=0.5, application/json", "application/problem+json"),
        ("text/html;q=0, */*", "text/plain; charset=utf-8"),
        ("text/html;q=x", "text/plain; charset=utf-8"),
        ("*/*", "text/plain; charset=utf-8"),
        ("", "text/plain; charset=utf-8"),
    ],
)
def test_an_error_in_the_form_that_is_read(client, accept: str, media: str) -> None:
    answer = client.ask("GET", "/missing", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (404, media)
    assert b"Not Found" in answer.body


def test_a_problem_document(client) -> None:
    answer = client.ask("POST", "/a", b"x")
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "POST is not for this path",
    }


def test_nothing_of_the_path_is_in_a_page(client) -> None:
    for path in ("/<script>alert(1)</script>", "/%3Cscript%3E"):
        assert b"script" not in client.ask("GET", path, Accept="text/html").body


def test_a_path_that_lacks_its_slash(client) -> None:
    answer = client.ask("GET", "/old?x=y")
    assert (answer.status, answer.headers["Location"]) == (308, "/old/?x=y")


@pytest.mark.parametrize("method", ["CONNECT", "BREW", "get"])
def test_methods_that_are_not_known(client, method: str) -> None:
    answer = client.ask(method, "/a")
    assert answer.status == 501


def test_connect_to_another_host(client) -> None:
    assert client.ask("CONNECT", "b.test:443").status in (400, 501)


def test_options_of_the_server(client) -> None:
    answer = client.ask("OPTIONS", "*")
    assert (answer.status, "POST" in answer.headers["Allow"]) == (204, True)
    assert client.ask("GET", "*").status == 400


def test_an_absolute_target(client) -> None:
    assert client.ask("GET", "http://a.test/a").body == b"a"


def test_importing_it_installs_no_reactor() -> None:
    check = "import sys, protocols.http; sys.exit('twisted.internet.reactor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_trace_is_known_and_no_route_answers_it(client) -> None:
    answer = client.ask("TRACE", "/a")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


# -- what fails --------------------------------------------------------------------------------------


class Failing:
    """A route that fails at once, or in the middle of its answer."""

    methods = ("GET",)
    subtree = streams = False

    def __init__(self, error: Exception) -> None:
        self.error = error

    def respond(self, request, rest):
        if request.query.get("later") is None:
            raise self.error
        return Response(Breaking(self.error))

    def stop(self) -> None: ...


class Breaking(Source):
    def __init__(self, error: Exception) -> None:
        self.pieces = iter([b"x"])
        self.error = error

    def read(self) -> bytes:
        for piece in self.pieces:
            return piece
        raise self.error

    def close(self) -> None: ...


@pytest.mark.parametrize(("query", "status"), [("", 500), ("?later=1", 200)])
def test_a_failure_is_logged_with_its_route(connect, failures, query: str, status: int) -> None:
    client = connect({"/items/{id}": Failing(LookupError("secret")), "/": RespondRoute("a")})
    client.send(f"GET /items/7{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    for _ in range(3):
        client.turn()
    assert client.wire.value().startswith(b"HTTP/1.1 %d " % status)
    (event,) = failures
    said = "web /items/{id}: http://192.0.2.7:4321: the handler failed (request " + event["request"] + ")"
    assert formatEvent(event) == said
    assert event["log_failure"].check(LookupError)


def test_an_answer_that_is_late_is_one_line(connect, failures) -> None:
    client = connect({"/old/": Failing(CallTimeoutError("shop.price did not answer within 5 s"))})
    answer = client.ask("GET", "/old/")
    assert answer.status == 504
    (event,) = failures
    said = "web /old/: http://192.0.2.7:4321: shop.price did not answer within 5 s"
    assert formatEvent(event) == f"{said} (request {event['request']})"
    assert answer.headers.get("x-request-id") == event["request"]
    assert "log_failure" not in event
