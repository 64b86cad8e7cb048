from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.web.resource import Resource

from protocols.http.routes.resource.route import ResourceRoute


class Rendered(Resource):
    """A leaf whose GET is a function of the request."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def render_GET(self, request: Any) -> Any:  # noqa: N802 - Twisted's name
        return self._function(request)

    render_POST = render_GET  # noqa: N815 - Twisted's name


@pytest.fixture
def rendered() -> type[Rendered]:
    """A resource whose GET is a function of the request."""
    return Rendered


@pytest.fixture
def site(connect, clock, journal) -> Iterator[Callable[..., Any]]:
    """A client of a resource, or of a function of a request, at ``/app/``."""
    routes = []

    def site(root: Any, path: str = "/app/", limits: Any = None, **settings: Any) -> Any:
        root = root if isinstance(root, Resource) else Rendered(root)
        routes.append(ResourceRoute(root, reactor=clock, journal=journal, **settings))
        return connect({path: routes[-1]}, **(limits or {}))

    yield site
    for route in routes:
        route.stop()
