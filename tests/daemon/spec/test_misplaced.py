"""Keys that stand a level too high."""

from __future__ import annotations

import pytest

from protocols.daemon.spec.config import Config
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.misplaced import homes
from protocols.daemon.spec.service import ServiceSpec


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("per_source", ["limits"]),
        ("client", ["tls"]),
        ("allow", ["access"]),
        ("send_proxy", ["forward"]),
        ("lisen", []),
        ("files", []),  # of a route, and a route has a path of the user's own
    ],
)
def test_of_a_service(key, found):
    assert homes(key, ServiceSpec.model_fields, ()) == found


def test_what_is_not_of_one_service():
    assert homes("drain", Config.model_fields, ()) == ["server"]
    assert homes("listen", Config.model_fields, ()) == []


def test_what_is_given_comes_before_what_might_be():
    assert homes("timeout", RouteSpec.model_fields, ()) == [
        *("function", "cgi", "proxy", "wsgi", "asgi", "resource"),
    ]
    assert homes("timeout", RouteSpec.model_fields, {"files", "proxy"}) == ["proxy"]
