"""What counts requests below HTTP hears of each, whatever version carries it."""

from __future__ import annotations

import pytest

from protocols.http import RespondRoute

GET = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nxy"


@pytest.fixture
def counted(connect, new_wire):
    """A client whose transport counts, and the counts."""
    counts: list[int] = []
    wire = new_wire()
    wire.count_messages = counts.append
    plain = connect({"/a": RespondRoute("fine")})
    return type(plain)(plain.factory, plain.clock, wire), counts


@pytest.mark.parametrize("data", [GET, POST, GET.replace(b"/a", b"/missing"), GET.replace(b"GET", b"HEAD")])
def test_each_request_counts_also_one_that_repeats_another(counted, data):
    client, counts = counted
    for _ in range(3):
        client.send(data)
    assert counts == [1, 1, 1]


def test_those_of_one_read_count_each(counted):
    client, counts = counted
    client.send(GET * 3)
    assert sum(counts) == 3


def test_what_is_none_does_not_count(counted):
    client, counts = counted
    client.send(b"nonsense\r\n\r\n")
    assert counts == []


def test_requests_of_http2_count(counted, http2):
    client, counts = counted
    asking = type(http2)(client)
    for _ in range(2):
        assert asking.ask("GET", "/a").status == 200
    assert counts == [1, 1]
