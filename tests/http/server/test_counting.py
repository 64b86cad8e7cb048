"""What is counted, measured and told of requests."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.http import RespondRoute, function_route
from protocols.http.access_log.redaction import Redaction

GET = b"GET /a?token=abc&x=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic c2VjcmV0\r\n\r\n"


@pytest.fixture
def later():
    return []


@pytest.fixture
def client(connect, clock, journal, later):
    async def wait(message: bytes):
        later.append(Deferred())
        return await later[-1]

    def slow(message: bytes) -> bytes:
        clock.advance(0.25)
        return message

    def route(function):
        return function_route(function, reactor=clock, journal=journal, run="loop", timeout=1e6)

    return connect({"/a": RespondRoute("abc"), "/wait": route(wait), "/slow": route(slow)})


def test_requests_responses_and_bytes(client, journal):
    client.send(GET)
    client.send(GET)
    client.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
    counts = journal.counts
    assert counts.requests == 3
    assert counts.responses == [0, 0, 2, 0, 1, 0]
    assert counts.bytes_in == 2 * len(GET) + len(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
    assert counts.bytes_out == len(client.wire.value())


def test_what_could_not_be_read_has_a_response_too(client, journal):
    client.send(b"nonsense\r\n\r\n")
    assert journal.counts.requests == 0
    assert journal.counts.responses[4] == 1
    assert journal.counts.bytes_out == len(client.wire.value())


def post(path):
    return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx" % path


def test_answers_are_measured_to_their_head(client, journal, clock, later):
    client.send(post(b"/slow"))
    assert journal.latency.total == 0.25
    client.send(post(b"/wait"))
    clock.advance(3)
    assert journal.latency.total == 0.25
    later[0].callback(b"y")
    client.turn()
    assert journal.latency.total == 3.25
    assert sum(journal.latency.numbers) == 2


def test_prompt_answers_are_measured_and_not_all_under_load(client, journal, clock):
    for _ in range(5):
        client.send(GET)
    assert sum(journal.latency.numbers) == 1
    clock.advance(1)
    client.send(GET)
    assert sum(journal.latency.numbers) == 2


def test_http2_is_counted_too(http2, journal):
    http2.ask("GET", "/a")
    http2.ask("GET", "/nowhere")
    counts = journal.counts
    assert counts.requests == 2
    assert counts.responses == [0, 0, 1, 0, 1, 0]
    assert counts.bytes_in > 50
    assert counts.bytes_out > 50


def test_who_watches_sees_neither_credentials_nor_secrets(client, journal):
    client.send(GET)
    heard = []
    stop = journal.tap.watch(heard.append)
    client.send(GET)
    client.send(post(b"/wait"))
    stop()
    client.send(GET)
    assert [(one.direction, one.content, one.size) for one in heard] == [
        ("in", b"GET /a?token=***&x=1 HTTP/1.1", 0),
        ("out", b"200 OK", 3),
        ("in", b"POST /wait HTTP/1.1", 1),
    ]
    assert heard[1].took == 0
    assert str(heard[0].peer) == "http://192.0.2.7:4321"


def test_the_redaction_is_that_of_the_access_log(client, journal):
    client.factory.redact = Redaction(["x"])
    heard = []
    journal.tap.watch(heard.append)
    client.send(GET)
    assert heard[0].content == b"GET /a?token=abc&x=*** HTTP/1.1"


def test_http2_is_seen_too(http2, journal, clock, calls):
    heard = []
    journal.tap.watch(heard.append)
    http2.request("POST", "/wait", b"abc")
    clock.advance(2)
    calls[0].callback(b"four")
    http2.turn()
    assert [(one.direction, one.content, one.took) for one in heard] == [
        ("in", b"POST /wait HTTP/2", None),
        ("out", b"200 OK", 2),
    ]


def test_who_leaves_is_seen(client, journal, later):
    heard = []
    journal.tap.watch(heard.append)
    client.send(post(b"/wait"))
    client.leave()
    assert heard[-1].content.startswith(b"499")
