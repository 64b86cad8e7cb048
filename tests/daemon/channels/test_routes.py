"""Routes of channels, as the configuration has them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock

from protocols.channels import Channel
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.daemon.routes.channels import channel
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.channel_use import ChannelRouteSpec
from protocols.daemon.spec.policy import CorsSpec
from protocols.http import Headers, HTTPError, Request
from protocols.journal import Journal


@pytest.mark.parametrize("cors", [None, CorsSpec.model_validate(["https://app.test"])])
def test_pages_of_other_sites_publish_if_cors_names_them(cors):
    clock = Clock()
    readings = Channel("readings", MemoryStore(MemoryLog()), clock=clock)
    uses = SimpleNamespace(channel=lambda name: readings)
    context = RouteContext(None, clock, Journal("web"), [], [], None, channels=uses).at("/r", (), cors=cors)
    route = channel(ChannelRouteSpec(name="readings"), context)
    headers = Headers([("Origin", "https://app.test"), ("Content-Encoding", "gzip")])
    request = Request("POST", "/r", headers=headers, host="example.org")
    if cors is None:
        with pytest.raises(HTTPError, match="other sites"):
            route.respond(request, "")
    else:
        refused = []
        route.respond(request, "").addErrback(lambda failure: refused.append(failure.value.status))
        assert refused == [415], "it is asked about its content"
