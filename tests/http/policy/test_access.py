"""Who may use a route."""

from __future__ import annotations

from twisted.internet.address import IPv4Address

from protocols.http import RespondRoute
from protocols.http.policy.access import AccessRoute
from protocols.http.policy.collecting import CollectingRoute


def test_others_get_403_and_their_content_is_not_read(connect) -> None:
    asked = []

    class Admission:
        def admits(self, peer):
            asked.append(peer.host)
            return peer.host == "192.0.2.1"

    routes = {"/f": AccessRoute(CollectingRoute(RespondRoute("a"), 10), Admission())}
    client = connect(routes, peer=IPv4Address("TCP", "192.0.2.1", 5))
    assert client.ask("GET", "/f").status == 200
    stranger = connect(routes, peer=IPv4Address("TCP", "192.0.2.2", 5))
    answer = stranger.ask("GET", "/f", Accept="application/json")
    assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")
    assert asked == ["192.0.2.1", "192.0.2.2"]
