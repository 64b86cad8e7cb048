"""Requests to a host for which the connection was not made: 421, and the route is not asked."""

from __future__ import annotations

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived

from protocols.http import RespondRoute


@pytest.fixture
def client(connect):
    return connect({"/": RespondRoute("fine")})


def governed(client, *hosts):
    """The client again, on a transport that is good for `hosts` only."""
    wire = type(client.wire)()
    wire.governs = hosts.__contains__
    return type(client)(client.factory, client.clock, wire)


def get(host: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def statuses(client, *hosts):
    client.send(b"".join(get(host) for host in hosts))
    client.turn()
    return [answer.status for answer in client.answers()]


def test_each_request_is_looked_at(client):
    asked = governed(client, "a.test", "a.test:8443")
    assert statuses(asked, "a.test", "b.test", "a.test:8443") == [200, 421, 200]
    (_, refused, _) = asked.answers()
    assert b"This connection was not made for that host" in refused.body


def test_a_request_that_is_asked_again_is_looked_at_again(client):
    asked = governed(client, "a.test")
    for host, status in (("a.test", 200), ("a.test", 200), ("b.test", 421), ("b.test", 421)):
        asked.wire.clear()
        assert statuses(asked, host) == [status]


def test_a_request_without_a_host(client):
    asked = governed(client, "a.test")
    asked.send(b"GET / HTTP/1.0\r\n\r\n")
    asked.turn()
    assert [answer.status for answer in asked.answers()] == [421]


def test_other_transports_are_good_for_every_host(client):
    assert statuses(client, "a.test", "b.test") == [200, 200]


def test_http2(client):
    asked = governed(client, "a.test")
    end = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    end.initiate_connection()
    for stream, host in ((1, "a.test"), (3, "b.test"), (5, "a.test")):
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", "/")]
        end.send_headers(stream, fields, end_stream=True)
    asked.send(end.data_to_send())
    asked.turn()
    found = [
        dict(event.headers)[":status"]
        for event in end.receive_data(asked.wire.value())
        if isinstance(event, ResponseReceived)
    ]
    assert found == ["200", "421", "200"]
