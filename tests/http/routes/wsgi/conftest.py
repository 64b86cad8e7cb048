from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from protocols.http.routes.wsgi.route import WSGIRoute


class Site:
    """A client of one application, whose thread's words are heard when the test says so."""

    def __init__(self, client: Any, clock: Any, route: WSGIRoute) -> None:
        self.client = client
        self.clock = clock
        self.route = route

    def until(self, condition: Callable[[], object]) -> None:
        """Hear what the threads say until `condition` holds."""
        while not condition():
            self.clock.wait_for_thread()
            self.client.turn()
            self.client.turn()

    @property
    def value(self) -> bytes:
        """What the client has read."""
        return self.client.wire.value()

    def send(self, data: bytes) -> None:
        self.client.send(data)
        self.client.turn()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        """The answer to one request, with a body of known length or none."""
        self.client.wire.clear()
        lines = [f"{method} {path} HTTP/1.1", "Host: a.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        connection = self.client.connection
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.until(lambda: connection._current is None)
        (answer,) = self.client.answers(method)
        return answer


@pytest.fixture
def site(connect, clock, journal) -> Iterator[Callable[..., Site]]:
    """A client of an application at ``/app/``, and at ``/`` of everything."""
    routes = []

    def site(application: Any, *, path: str = "/app/", limits: Any = None, **settings: Any) -> Site:
        route = WSGIRoute(application, reactor=clock, journal=journal, **settings)
        routes.append(route)
        return Site(connect({path: route}, **(limits or {})), clock, route)

    yield site
    for route in routes:
        route.stop()
