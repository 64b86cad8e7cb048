from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.defer import succeed

from protocols.handlers import FunctionHandler
from protocols.handlers.processes import Replies
from protocols.http.routes.message_function import MessageFunctionRoute


def text(number: int) -> str:
    return str(number)


def items(number: int) -> Iterator[int]:
    yield from range(number)


def value(number: int):
    return number


@pytest.fixture
def served(connect, clock, journal):
    """A client of a function whose replies another process has made."""

    def served(function, replies: list[bytes]):
        handler = FunctionHandler(function, reactor=clock, run="loop")
        handler.bind = lambda peer: lambda message: succeed(Replies(replies))  # type: ignore[method-assign]
        return connect({"/f": MessageFunctionRoute(handler, journal)})

    return served


@pytest.mark.parametrize(
    ("function", "replies", "status", "media", "body"),
    [
        (value, [b"1"], 200, "application/json", b"1"),
        (text, [b"1"], 200, "text/plain; charset=utf-8", b"1"),
        (value, [], 204, None, b""),
        (items, [b"0", b"1"], 200, "application/x-ndjson", b"0\n1\n"),
        (items, [b"0"], 200, "application/x-ndjson", b"0\n"),
        (items, [], 200, "application/x-ndjson", b""),
    ],
)
def test_what_another_process_made(served, function, replies, status, media, body) -> None:
    answer = served(function, replies).ask("POST", "/f", b"1")
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (status, media, body)
