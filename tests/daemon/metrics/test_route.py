"""The route that Prometheus scrapes."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.metrics import MetricsRoute
from protocols.daemon.metrics.asking import PATIENCE
from protocols.daemon.problems import ConfigError
from protocols.daemon.routes import ROUTES, RouteContext
from protocols.http import Headers, Request
from protocols.journal import Journal


@pytest.fixture
def route(operations, clock):
    return MetricsRoute(operations, clock)


def request(**headers):
    return Request("GET", "/metrics", headers=Headers(headers.items()))


class CountingClock(Clock):
    """A clock that counts how often something was to happen at the next turn of the loop."""

    def __init__(self):
        super().__init__()
        self.turns = 0

    def callLater(self, seconds, function, *arguments, **named):  # noqa: N802
        self.turns += seconds == 0
        return super().callLater(seconds, function, *arguments, **named)


def answered(deferred, clock):
    """The response."""
    found = []
    deferred.addCallback(found.append)
    clock.advance(0)
    (response,) = found
    return response


def test_it_shows_how_the_daemon_is(route, clock):
    response = answered(route.respond(request(), ""), clock)
    assert response.status == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert dict(response.headers) == {"Cache-Control": "no-store", "Vary": "Accept"}
    assert b'\npolyport_connections_open{service="lines"} 5.0\n' in response.content


def test_it_speaks_openmetrics_to_who_asks_for_it(route, clock):
    asked = request(Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    response = answered(route.respond(asked, ""), clock)
    assert response.content_type.startswith("application/openmetrics-text; version=1.0.0;")
    assert response.content.endswith(b"\n# EOF\n")


def test_it_answers_though_nobody_else_does(route, operations, clock):
    operations.now = None
    waiting = route.respond(request(), "")
    clock.advance(PATIENCE)
    response = answered(waiting, clock)
    assert response.content.endswith(b"\npolyport_status_fresh 0.0\n")


def test_others_are_served_while_much_is_written(operations):
    clock = CountingClock()
    one = operations.now.services[0]
    services = tuple(one.model_copy(update={"name": f"service-{number}"}) for number in range(500))
    operations.now = operations.now.model_copy(update={"services": services})
    response = answered(MetricsRoute(operations, clock).respond(request(), ""), clock)
    assert response.content.count(b"\npolyport_connections_open{") == 500
    assert clock.turns > 3


def test_a_client_may_leave(route, operations, clock, failures):
    operations.now = None
    waiting = route.respond(request(), "")
    waiting.addErrback(lambda failure: None)
    waiting.cancel()
    assert clock.getDelayedCalls() == []


# -- from the YAML -------------------------------------------------------------------------------------

YAML = "services: {site: {listen: 'tcp://127.0.0.1:0', http: {/metrics: {metrics: true}}}}"


@pytest.mark.parametrize("written_as", ["true", "{}"])
def test_a_route_of_the_yaml(written, forgotten_imports, operations, clock, written_as):
    file = written(YAML.replace("true", written_as))
    loaded = load(file, importer(file.parent))
    spec = loaded.config.services["site"]
    context = RouteContext(loaded, clock, Journal("site"), [], [], spec.limits, ask=operations)
    route = spec.http["/metrics"]
    made = ROUTES[route.kind](route.settings, context)
    response = answered(made.respond(request(), ""), clock)
    assert b'\npolyport_connections_open{service="lines"} 5.0\n' in response.content
    assert made.stop() is None


@pytest.mark.parametrize(
    ("written_as", "said"),
    [
        ("false", "true is expected, for there are no settings, not false"),
        ("on", 'true is expected, for there are no settings, not the text "on"'),
        ("{path: /x}", "this key is not known"),
        ("", "has no value"),
    ],
)
def test_what_is_no_setting_of_it(written, written_as, said):
    with pytest.raises(ConfigError) as raised:
        load(written(YAML.replace("true", written_as)))
    assert said in str(raised.value)
