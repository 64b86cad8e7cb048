from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from twisted.internet.defer import Deferred

from protocols.http import Response, function_route
from protocols.http.routes.channel.published_answers import PublishedAnswers


@pytest.fixture
def publishing(resource, connect, clock, journal):
    """A channel, and a client of a function at /f whose answers it gets."""

    def publishing(function, message=1000, **settings):
        here = resource(message=message)
        inner = function_route(function, path="/f", reactor=clock, journal=journal, run="loop", **settings)
        here.functions = connect({"/f": PublishedAnswers(inner, here.channel)})
        return here

    return publishing


def test_an_answer_is_published(publishing):
    def double(message: int) -> dict[str, int]:
        return {"twice": 2 * message}

    here = publishing(double)
    answer = here.functions.ask("POST", "/f", b"21")
    assert (answer.status, json.loads(answer.body)) == (201, {"seq": 1})
    assert "Location" not in answer.headers, "what the function has published cannot be read of it"
    (message,) = here.channel.tail.after(0, 9)
    assert (message.body, message.content_type) == (b'{"twice":42}', "application/json")
    assert message.sender == "http://192.0.2.7:4321"
    assert here.functions.ask("GET", "/f?message=1").status == 405
    assert here.functions.ask("POST", "/f", b"x").status == 400
    assert here.channel.last == 1


def test_a_name(publishing):
    async def same(message: str) -> str:
        return message

    here = publishing(same)
    for status in (201, 200):
        assert here.functions.ask("POST", "/f", b"a", Idempotency_Key="x").status == status
    assert here.channel.last == 1


def test_items(publishing):
    def count(message: int) -> Iterator[int]:
        yield from range(message)

    here = publishing(count)
    answer = here.functions.ask("POST", "/f", b"3")
    assert json.loads(answer.body) == {"published": 3, "first": 1, "last": 3}
    assert "Location" not in answer.headers
    assert [m.body for m in here.channel.tail.after(0, 9)] == [b"0", b"1", b"2"]


def test_items_that_are_no_json(publishing):
    def words(message: str) -> Iterator[str]:
        yield from message

    here = publishing(words, codec="text")
    assert here.functions.ask("POST", "/f", b"ab").status == 201
    assert [m.body for m in here.channel.tail.after(0, 9)] == [b"ab"]


def test_items_that_make_too_long_a_message(publishing, failures):
    taken = []

    def words(message: str) -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield "x" * 10

    here = publishing(words, codec="text", message=100)
    assert here.functions.ask("POST", "/f", b"ab").status == 413
    assert (here.channel.last, failures) == (0, [])
    assert len(taken) < 1000, "the rest is not made"


@pytest.mark.parametrize(("answer", "status"), [(None, 204), (Response("no", 403), 403)])
def test_what_is_not_published(publishing, answer, status):
    def nothing(message: str) -> object:
        return answer

    here = publishing(nothing)
    assert here.functions.ask("POST", "/f", b'"a"').status == status
    assert here.channel.last == 0


def test_a_store_that_takes_nothing(publishing, failures):
    def same(message: int) -> int:
        return message

    here = publishing(same)
    here.store.fails = True
    answer = here.functions.ask("POST", "/f", b"1")
    assert (answer.status, answer.headers["Retry-After"], failures) == (503, "5", [])


def test_a_route_that_only_reads(resource, clock, journal):
    def same(message: int) -> int:
        return message

    inner = function_route(same, path="/f", reactor=clock, journal=journal, methods=("GET",))
    inner.methods = ("GET", "HEAD")
    with pytest.raises(ValueError, match="another method"):
        PublishedAnswers(inner, resource().channel)


@pytest.mark.parametrize("values", [[1, 2], ["a", "b"]])
def test_items_that_come_later(publishing, values):
    gate: Deferred[None] = Deferred()

    async def later(message: int) -> AsyncIterator[object]:
        for value in values:
            await gate
            yield value

    here = publishing(later, **({"codec": "text"} if isinstance(values[0], str) else {}))
    here.functions.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1")
    assert here.functions.wire.value() == b""
    gate.callback(None)
    here.turns()
    assert here.functions.answers()[0].status == 201
    whole = b"".join(message.body for message in here.channel.tail.after(0, 9))
    assert whole == b"".join(str(value).encode() for value in values)


def test_an_answer_that_comes_later(publishing):
    gate: Deferred[int] = Deferred()

    async def later(message: int) -> int:
        return await gate

    here = publishing(later)
    here.functions.send(b"POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1")
    gate.callback(7)
    assert here.functions.answers()[0].status == 201
    assert here.channel.tail.after(0, 1)[0].body == b"7"


def test_it_stops_the_function(resource):
    class Inner:
        methods = ("POST",)
        subtree = streams = False
        stopped = 0

        def stop(self):
            self.stopped += 1

    inner = Inner()
    PublishedAnswers(inner, resource().channel).stop()
    assert inner.stopped == 1
