from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

import pytest
from pydantic import BaseModel
from twisted.internet.defer import CancelledError, Deferred

from protocols.http import Request, Response


class Order(BaseModel):
    item: str
    count: int = 1


def item(id: int, q: str = "", tags: list[str] = ()) -> dict[str, object]:
    return {"id": id, "q": q, "tags": list(tags)}


@pytest.mark.parametrize(
    ("result", "status", "media", "body"),
    [
        (None, 204, None, b""),
        ("é", 200, "text/plain; charset=utf-8", "é".encode()),
        (b"\0", 200, "application/octet-stream", b"\0"),
        (("a", 201), 200, "application/json", b'["a",201]'),
        (Order(item="a"), 200, "application/json", b'{"item":"a","count":1}'),
        (Response("x", HTTPStatus.CREATED, "text/css"), 201, "text/css", b"x"),
    ],
)
@pytest.mark.parametrize("run", ["loop", "threads"])
def test_results(serve, clock, result: object, status: int, media: str, body: bytes, run: str) -> None:
    def typed(a: int = 0) -> object:
        return result

    def message(number: int) -> object:
        return result

    for function, path in ((typed, "/f"), (message, "/f?number=1")):
        client = serve(function, run=run)
        client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        if run == "threads":
            clock.wait_for_thread()
            client.turn()
        (answer,) = client.answers()
        assert (answer.status, answer.headers["Content-Type"], answer.body) == (status, media, body)


def test_generators_stream(serve) -> None:
    def count(to: int = 3) -> Iterator[int]:
        yield from range(to)

    async def count_later(to: int = 3) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    for function in (count, count_later):
        answer = serve(function).ask("GET", "/f?to=2")
        assert (answer.headers["Content-Type"], answer.body) == ("application/x-ndjson", b"0\n1\n")
    assert serve(count).ask("HEAD", "/f").body == b""


def test_a_generator_of_the_whole_request(serve) -> None:
    def lines(request: Request) -> Iterator[str]:
        yield from request.query.all("a")

    assert serve(lines).ask("GET", "/f?a=1&a=2").body == b'"1"\n"2"\n'


def test_an_async_function_and_its_timeout(serve, clock, failures) -> None:
    cancelled = []

    async def wait(id: int) -> None:
        try:
            await Deferred()
        except CancelledError:
            cancelled.append(id)
            raise

    client = serve(wait, "/x/{id}", run=None, timeout=5)
    client.send(b"GET /x/7 HTTP/1.1\r\nHost: a\r\n\r\n")
    clock.advance(5)
    assert (client.answers()[0].status, cancelled) == (504, [7])
    assert len(failures) == 1


def test_an_error_of_the_function(serve, failures) -> None:
    def fail(id: int) -> None:
        raise RuntimeError("secret")

    answer = serve(fail, "/x/{id}").ask("GET", "/x/7")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert len(failures) == 1
