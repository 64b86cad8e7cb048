from __future__ import annotations

import asyncio
import json

import pytest
from twisted.internet.defer import CancelledError, Deferred

from protocols.http import HTTPError, Request, Response


def test_a_function_of_the_whole_request(serve) -> None:
    def hello(request: Request) -> Response:
        said = [request.method, request.path, request.query.get("a"), request.headers.get("x-b")]
        return Response([*said, request.text(), request.peer.host], 201, headers={"X-Made": "yes"})

    answer = serve(hello).ask("PUT", "/f?a=1", b"body", X_B="2")
    assert (answer.status, answer.headers["X-Made"]) == (201, "yes")
    assert json.loads(answer.body) == ["PUT", "/f", "1", "2", "body", "192.0.2.7"]


@pytest.mark.parametrize(
    ("result", "status", "body"), [("hi", 200, b"hi"), (None, 204, b""), ({"a": 1}, 200, b'{"a":1}')]
)
def test_it_may_return_a_body_only(serve, result: object, status: int, body: bytes) -> None:
    async def hello(request: Request) -> object:
        return result

    answer = serve(hello, run=None).ask("GET", "/f")
    assert (answer.status, answer.body) == (status, body)


def test_head_of_a_function_has_no_body(serve) -> None:
    def hello(request: Request) -> str:
        return "hello"

    answer = serve(hello).ask("HEAD", "/f")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "5")


def test_its_mistakes_and_its_refusals(serve, failures) -> None:
    def odd(request: Request) -> Response:
        if request.path and request.query.get("gone"):
            raise HTTPError(410, "It was <here>", {"X-When": "then"})
        return Response(request.json())

    client = serve(odd)
    answer = client.ask("GET", "/f?gone=1", Accept="text/html")
    assert (answer.status, answer.headers["X-When"]) == (410, "then")
    assert b"It was &lt;here&gt;" in answer.body
    assert client.ask("POST", "/f", b"{").status == 400
    assert failures == []


ENDS = [SystemExit, KeyboardInterrupt, asyncio.CancelledError]


@pytest.mark.parametrize("ending", ENDS)
@pytest.mark.parametrize("where", ["loop", "threads", "async", "later"])
def test_a_function_that_would_end_the_daemon_only_fails(serve, clock, failures, ending, where: str) -> None:
    called: Deferred[None] = Deferred()

    def plain(request: Request) -> str:
        raise ending

    async def now(request: Request) -> str:
        raise ending

    async def later(request: Request) -> str:
        await called
        raise ending

    function = {"async": now, "later": later}.get(where, plain)
    client = serve(function, run="threads" if where == "threads" else "loop")
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    called.callback(None)
    if where == "threads":
        clock.wait_for_thread()
    client.turn()
    (answer,) = client.answers()
    assert answer.status == 500
    (event,) = failures
    assert event["log_failure"].check(ending)


def test_a_coroutine_that_swallows_its_cancelling_is_timed_out(serve, clock, failures) -> None:
    going_on: Deferred[None] = Deferred()

    async def stubborn(request: Request) -> str:
        try:
            await Deferred()
        except CancelledError:
            await going_on
        return "too late"

    client = serve(stubborn, timeout=5)
    client.send(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(5)
    (answer,) = client.answers()
    assert answer.status == 504
    assert "within 5 s" in str(failures[0]["error"])
    going_on.callback(None)
    assert len(client.answers()) == 1


def test_settings_that_do_not_fit_a_whole_request(serve) -> None:
    def hello(request: Request) -> str:
        return ""

    async def later(request: Request) -> str:
        return ""

    for function, settings in (
        (hello, {"codec": "json"}),
        (hello, {"run": "processes"}),
        (hello, {"workers": 2}),
        (later, {"run": "threads"}),
    ):
        with pytest.raises(TypeError):
            serve(function, **settings)
