"""When an HTTP/1 connection has had its time because its service ends."""

from __future__ import annotations

import pytest

from protocols.http import RespondRoute
from protocols.http.server.http1_time import QUIET


@pytest.fixture
def client(connect):
    return connect({"/": RespondRoute("a")})


def test_who_has_just_been_answered_may_be_asking_when_drain_comes(client) -> None:
    client.ask("GET", "/")
    client.factory.drain()
    assert not client.closed
    answer = client.ask("GET", "/")
    assert answer.headers["Connection"] == "close"
    assert client.closed


def test_who_asks_nothing_more_is_closed_soon_after_drain(client) -> None:
    client.ask("GET", "/")
    client.factory.drain()
    client.clock.advance(QUIET)
    assert client.closed


def test_a_retired_service_tells_its_clients_to_ask_elsewhere(client, another) -> None:
    client.factory.retire()
    client.clock.advance(QUIET)
    assert not client.closed
    assert client.ask("GET", "/").headers["Connection"] == "close"
    late = another(client)  # accepted before, and held up by what stands in front
    assert late.ask("GET", "/").headers["Connection"] == "close"
