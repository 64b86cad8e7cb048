from __future__ import annotations

import json

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from protocols.http import RespondRoute
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.rate import RateRoute, by_user
from protocols.http.request import StreamingRequest
from protocols.session import Peer
from protocols.token_buckets import TokenBuckets


@pytest.fixture
def limited(clock, journal):
    def limited(rate: float = 1, burst: int = 2, **settings):
        inner = CollectingRoute(RespondRoute("a"), 10)
        return RateRoute(inner, TokenBuckets(rate, burst), clock=clock, journal=journal, **settings)

    return limited


def test_more_than_the_rate_is_refused(connect, limited, clock, journal) -> None:
    client = connect({"/f": limited(0.5)})
    assert [client.ask("GET", "/f").status for _ in range(3)] == [200, 200, 429]
    answer = client.ask("GET", "/f", Accept="application/json")
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == (
        "2",
        "application/problem+json",
    )
    assert json.loads(answer.body)["detail"] == "Too many requests: try again in 2 s"
    assert journal.counts.limited == 2
    clock.advance(2)
    assert client.ask("GET", "/f").status == 200


def test_each_source_has_its_own(connect, limited) -> None:
    client = connect({"/f": limited(burst=1)})
    assert [client.ask("GET", "/f").status for _ in range(2)] == [200, 429]
    wire = type(client.wire)(IPv4Address("TCP", "192.0.2.8", 1))
    assert type(client)(client.factory, client.clock, wire).ask("GET", "/f").status == 200


def test_addresses_of_one_64_share_one(connect, limited) -> None:
    client = connect({"/f": limited(burst=1)}, peer=IPv6Address("TCP", "2001:db8::1", 1))
    assert client.ask("GET", "/f").status == 200
    wire = type(client.wire)(IPv6Address("TCP", "2001:db8::ffff:1", 1))
    assert type(client)(client.factory, client.clock, wire).ask("GET", "/f").status == 429


def test_by_user(limited) -> None:
    asked = []

    class Inner:
        methods = ("GET",)
        subtree = False
        streams = True

        def respond(self, request, rest):
            asked.append(request.peer.user)

        def stop(self) -> None:
            pass

    route = limited(burst=1, key=by_user)
    route._inner = Inner()
    for user in ("alice", "bob", None):
        request = StreamingRequest.__new__(StreamingRequest)
        request.peer = Peer("http", "192.0.2.7", user=user)
        route.respond(request, "")
    assert asked == ["alice", "bob", None]
