from __future__ import annotations

import pytest

from protocols.http import RespondRoute


def test_it_says_its_text(connect) -> None:
    client = connect({"/": RespondRoute("héllo\n")})
    answer = client.ask("GET", "/any/where")
    assert (answer.status, answer.body) == (200, "héllo\n".encode())
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_head_says_how_long_it_would_be(connect) -> None:
    answer = connect({"/": RespondRoute("hello")}).ask("HEAD", "/")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "5")


def test_only_get_and_head_are_answered(connect) -> None:
    answer = connect({"/": RespondRoute("hello")}).ask("POST", "/", b"x")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_an_error_is_true_of_every_method(connect) -> None:
    client = connect({"/": RespondRoute("closed", 503, "text/html")})
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.ask(method, "/")
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (503, b"closed", "text/html")


def test_a_status_without_a_body(connect) -> None:
    answer = connect({"/": RespondRoute("", 204)}).ask("GET", "/")
    assert (answer.status, answer.headers["Content-Length"]) == (204, None)
    with pytest.raises(ValueError, match="no body"):
        RespondRoute("x", 204)
