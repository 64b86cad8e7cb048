from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from twisted.internet.defer import CancelledError, Deferred

from protocols.handlers import Conversation
from protocols.session import Peer

PROBLEM = "application/problem+json"


class Order(BaseModel):
    item: str
    count: int


class Quote(BaseModel):
    total: int


def price(order: Order) -> Quote:
    return Quote(total=order.count * 3)


# -- messages ----------------------------------------------------------------------------------------


def test_a_typed_message(serve) -> None:
    answer = serve(price).ask("POST", "/f", b'{"item": "a", "count": 2}', Content_Type="application/json")
    assert (answer.status, answer.body) == (200, b'{"total":6}')
    assert answer.headers["Content-Type"] == "application/json"


def test_the_wrong_thing_is_explained(serve, journal) -> None:
    answer = serve(price).ask("POST", "/f", b'{"item": "a", "count": "many"}', Accept="text/html")
    problem = json.loads(answer.body)
    assert (answer.status, answer.headers["Content-Type"]) == (422, PROBLEM)
    assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "/count")
    assert "many" not in answer.body.decode()
    assert journal.counts.rejected == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_what_is_no_json_is_malformed(serve, body: bytes) -> None:
    answer = serve(price).ask("POST", "/f", body)
    assert (answer.status, answer.headers["Content-Type"]) == (400, PROBLEM)


@pytest.mark.parametrize("media", ["text/xml", "multipart/form-data; boundary=x", "image/png"])
def test_what_is_clearly_something_else_is_not_read(serve, media: str) -> None:
    answer = serve(price).ask("POST", "/f", b'{"item": "a", "count": 2}', Content_Type=media)
    assert (answer.status, answer.headers["Content-Type"]) == (415, PROBLEM)


@pytest.mark.parametrize(
    "media",
    [
        "application/json; charset=utf-8",
        "application/vnd.a+json",
        "application/x-www-form-urlencoded",
        "text/json",
    ],
)
def test_what_may_be_json_is_read(serve, media: str) -> None:
    answer = serve(price).ask("POST", "/f", b'{"item": "a", "count": 2}', Content_Type=media)
    assert answer.status == 200


ALL = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_message_is_the_content(serve, method: str) -> None:
    answer = serve(price).ask(method, "/f?count=9", b'{"item": "a", "count": 2}')
    assert (answer.status, answer.body) == (200, b'{"total":6}')


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_bytes_are_posted(serve, method: str) -> None:
    def swallow(message: bytes) -> None: ...

    answer = serve(swallow).ask(method, "/f?message=x")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, PUT, PATCH, OPTIONS")


def test_options_says_what_there_is(serve) -> None:
    answer = serve(price).ask("OPTIONS", "/f")
    assert (answer.status, answer.headers["Allow"]) == (204, ALL)


@pytest.mark.parametrize(
    ("result", "media", "body"),
    [
        (b"\0", "application/octet-stream", b"\0"),
        ("é", "text/plain; charset=utf-8", "é".encode()),
        ([1], "application/json", b"[1]"),
    ],
)
def test_the_result_decides_the_type(serve, result: object, media: str, body: bytes) -> None:
    def of_bytes(message: bytes) -> object:
        return result

    def of_json(message: list[int]) -> object:
        return result

    for function in (of_bytes, of_json):
        answer = serve(function).ask("POST", "/f", b"[]")
        assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, media, body)


def test_text_is_text(serve) -> None:
    def shout(message: str) -> bytes:
        return message.upper().encode()

    answer = serve(shout).ask("POST", "/f", "é".encode())
    assert (answer.headers["Content-Type"], answer.body) == ("text/plain; charset=utf-8", "É".encode())
    assert serve(shout).ask("POST", "/f", b"\xff").status == 400


def test_a_codec_that_is_named(serve) -> None:
    def double(number: int) -> int:
        return number * 2

    answer = serve(double, codec="msgpack").ask("POST", "/f", b"\x02")
    assert (answer.status, answer.body, "msgpack" in answer.headers["Content-Type"]) == (200, b"\x04", True)


def test_nothing_is_no_content(serve) -> None:
    def swallow(message: bytes) -> None:
        return None

    answer = serve(swallow).ask("POST", "/f", b"x")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", None)


def test_the_peer_is_who_asks(serve) -> None:
    def who(message: bytes, peer: Peer) -> str:
        return str(peer)

    assert serve(who).ask("POST", "/f").body == b"http://192.0.2.7:4321"


def test_an_error_of_the_function_is_told_without_details(serve, failures, journal) -> None:
    def fail(message: bytes) -> bytes:
        raise RuntimeError("secret")

    client = serve(fail)
    answer = client.ask("POST", "/f", b"x")
    assert (answer.status, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert b"secret" not in answer.body
    assert len(failures) == 1
    assert "RuntimeError: secret" in failures[0]["log_failure"].getTraceback()
    assert journal.counts.failures == 1
    assert not client.closed
    assert client.ask("POST", "/f", b"x").status == 500


def test_a_result_that_cannot_be_said(serve, failures) -> None:
    def odd(message: list[int]) -> object:
        return object()

    assert serve(odd).ask("POST", "/f", b"[]").status == 500
    assert len(failures) == 1


def test_a_function_that_does_not_answer(serve, clock, failures) -> None:
    cancelled = []

    async def wait(message: bytes) -> bytes:
        try:
            await Deferred()
        except CancelledError:
            cancelled.append(True)
            raise
        return b""

    client = serve(wait, run=None, timeout=5)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    clock.advance(4.9)
    assert client.wire.value() == b""
    clock.advance(0.2)
    (answer,) = client.answers()
    assert (answer.status, answer.headers["Content-Type"], cancelled) == (504, PROBLEM, [True])
    assert len(failures) == 1


def test_a_client_that_leaves_cancels_the_call(serve, failures) -> None:
    cancelled = []

    def wait(message: bytes) -> Any:
        return Deferred(cancelled.append)

    client = serve(wait)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert cancelled == []
    client.leave()
    client.turn()
    assert len(cancelled) == 1
    assert failures == []
    assert client.wire.value() == b""


def test_a_result_that_comes_later(serve) -> None:
    waiting: Deferred[bytes] = Deferred()

    async def wait(message: bytes) -> bytes:
        return await waiting

    client = serve(wait, run=None)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert client.wire.value() == b""
    waiting.callback(b"late")
    assert client.answers()[0].body == b"late"


def test_a_conversation_is_refused(serve) -> None:
    async def talk(connection: Conversation[str]) -> None: ...

    with pytest.raises(TypeError, match="stream"):
        serve(talk, run=None)


# -- generators --------------------------------------------------------------------------------------


def test_what_a_json_function_yields_is_a_line_each(serve) -> None:
    def count(number: int) -> Iterator[object]:
        yield from range(number)
        yield "text"

    answer = serve(count).ask("POST", "/f", b"200")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert [json.loads(line) for line in answer.body.splitlines()] == [*range(200), "text"]


def test_what_another_function_yields_is_joined(serve) -> None:
    def letters(message: str) -> Iterator[str]:
        yield from message

    answer = serve(letters).ask("POST", "/f", b"abc")
    assert (answer.body, answer.headers["Content-Type"]) == (b"abc", "text/plain; charset=utf-8")


def test_an_async_generator(serve) -> None:
    step: Deferred[int] = Deferred()

    async def later(message: list[int]) -> AsyncIterator[int]:
        yield 1
        yield await step

    client = serve(later, run=None)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]")
    client.turn()
    assert client.wire.value().endswith(b"2\r\n1\n\r\n")
    step.callback(2)
    client.turn()
    assert client.answers()[0].body == b"1\n2\n"


def test_a_generator_waits_for_its_reader_and_ends_with_it(serve) -> None:
    made, ended = [], []

    def endless(message: bytes) -> Iterator[bytes]:
        try:
            while True:
                made.append(True)
                yield b"x" * 10_000
        finally:
            ended.append(True)

    client = serve(endless)
    client.wire.room = 100_000
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    client.turn()
    so_far = len(made)
    assert so_far < 50
    client.turn()
    assert len(made) == so_far
    client.break_off()
    client.turn()
    assert ended == [True]
    assert len(made) == so_far


def test_an_async_generator_ends_with_its_reader(serve, failures) -> None:
    ended = []

    async def endless(message: bytes) -> AsyncIterator[bytes]:
        try:
            yield b"x"
            await Deferred()
        finally:
            ended.append(True)

    client = serve(endless, run=None)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    client.turn()
    client.break_off()
    client.turn()
    assert ended == [True]
    assert failures == []


def test_a_generator_that_fails_at_once_is_an_error(serve, failures) -> None:
    def fail(message: bytes) -> Iterator[bytes]:
        raise RuntimeError("secret")
        yield b""

    answer = serve(fail).ask("POST", "/f", b"x")
    assert (answer.status, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert answer.headers["Transfer-Encoding"] is None
    assert len(failures) == 1


def test_a_generator_that_fails_later_is_cut_off(serve, failures) -> None:
    def fail(message: bytes) -> Iterator[bytes]:
        for _ in range(200):
            yield b"x"
        raise RuntimeError("secret")

    client = serve(fail)
    client.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    client.turn()
    assert client.wire.aborted
    assert not client.wire.value().endswith(b"0\r\n\r\n")
    assert len(failures) == 1
