"""The content of a request, for whoever reads it as it comes."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.http import BodyStream, ClientGoneError, Headers, HTTPError


class Inflow:
    """Notes what the body says to its connection."""

    def __init__(self):
        self.events = []

    def wanted(self):
        self.events.append("wanted")

    def taken(self, size):
        self.events.append(size)


@pytest.fixture
def inflow():
    return Inflow()


@pytest.fixture
def body(inflow):
    return BodyStream(inflow, None)


def result(reading):
    """What `reading` has become."""
    got = []
    reading.addBoth(got.append)
    assert got, "it has not"
    if isinstance(got[0], Failure):
        got[0].raiseException()
    return got[0]


def run(coroutine):
    return Deferred.fromCoroutine(coroutine)


def test_pieces_that_are_here_come_at_once_and_together(body, inflow):
    body.feed(b"a")
    body.feed(b"bc")
    assert (body.held, body.read(), body.held) == (3, b"abc", 0)
    assert inflow.events == [3]


def test_a_reader_that_waits_gets_the_next_piece(body, inflow):
    reading = body.read()
    assert inflow.events == ["wanted"]
    body.feed(b"a")
    assert result(reading) == b"a"
    assert inflow.events == ["wanted", 1]


def test_it_is_wanted_once(body, inflow):
    for _ in range(3):
        reading = body.read()
        body.feed(b"a")
        assert result(reading) == b"a"
    assert inflow.events.count("wanted") == 1


def test_the_end(body):
    body.feed(b"a")
    body.finish(Headers([("T", "z")]))
    assert [body.read(), body.read(), body.read()] == [b"a", None, None]
    assert body.trailers["t"] == "z"


def test_the_end_while_somebody_waits(body):
    reading = body.read()
    body.finish()
    assert result(reading) is None


def test_a_client_that_leaves(body):
    reading = body.read()
    body.fail(ClientGoneError("gone"))
    with pytest.raises(ClientGoneError):
        result(reading)
    with pytest.raises(ClientGoneError):
        body.read()


def test_what_came_before_the_client_left_is_still_read(body):
    body.feed(b"a")
    body.fail(ClientGoneError("gone"))
    assert body.read() == b"a"
    with pytest.raises(ClientGoneError):
        body.read()


def test_an_end_is_an_end(body):
    body.finish()
    body.fail(ClientGoneError("gone"))
    assert body.read() is None


def test_a_closed_body_lets_everything_through(body, inflow):
    body.feed(b"a")
    body.close()
    body.feed(b"bc")
    assert inflow.events == [1, 2]
    assert body.read() is None


def test_closing_cancels_who_waits(body):
    failed = []
    body.read().addErrback(failed.append)
    body.close()
    assert len(failed) == 1
    body.feed(b"late")  # and nobody is called


def test_a_cancelled_reader_loses_nothing(body):
    reading = body.read()
    reading.addErrback(lambda failure: None)
    reading.cancel()
    body.feed(b"a")
    assert body.read() == b"a"


def test_async_for(body):
    async def read():
        return [piece async for piece in body]

    body.feed(b"a")
    reading = run(read())
    body.feed(b"b")
    body.finish()
    assert result(reading) == [b"a", b"b"]


def test_the_whole(body):
    reading = run(body.whole(3))
    body.feed(b"ab")
    body.feed(b"c")
    body.finish()
    assert result(reading) == b"abc"


def test_more_than_the_whole_may_be(body):
    reading = run(body.whole(3))
    body.feed(b"abcd")
    with pytest.raises(HTTPError, match="413"):
        result(reading)
