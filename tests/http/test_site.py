from __future__ import annotations

import json
import subprocess
import sys

import pytest

from protocols.http import RespondRoute


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
