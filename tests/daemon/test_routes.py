"""From the routes of the YAML to those that answer."""

from __future__ import annotations

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitError
from protocols.daemon.routes import ROUTES, RouteMaker, site_for
from protocols.daemon.spec.http import RouteSpec
from protocols.http import FilesRoute, HTTPFactory, RedirectRoute, RespondRoute, WebSocketRoute
from protocols.journal import Journal

YAML = """
services:
  site:
    listen: tcp://:0
    limits: {connections: 7, idle: 9s, body: 3KiB}
    http:
      /: {files: tls}
      /shout: {function: "functions:shout"}
      /old/: {redirect: /}
      /health: {respond: fine}
      /live: {websocket: {function: "functions:talk", limit: 2KiB, origins: "*", ping: 0s}}
      /time: {websocket: {builtin: time}}
"""
FUNCTIONS = """
from protocols.handlers import Conversation
def shout(message: str) -> str: return message.upper()
async def talk(connection: Conversation) -> None: ...
from protocols.http import Request
async def whole(request: Request) -> None: ...
"""


@pytest.fixture
def setting(written, clock, forgotten_imports):
    """The specification of a site, what makes its routes, and the list of what ends them."""

    def read(yaml: str):
        file = written(yaml, FUNCTIONS)
        loaded = load(file, importer(file.parent))
        stops = []
        return loaded.config.services["site"], RouteMaker(loaded, clock, Journal("site"), stops), stops

    return read


def test_every_kind_of_the_yaml_can_be_made():
    assert set(ROUTES) == set(RouteSpec.choices)


def test_each_becomes_its_route(setting):
    spec, maker, stops = setting(YAML)
    kinds = {path: type(ROUTES[route.kind](maker, route.settings)) for path, route in spec.http.items()}
    assert (kinds["/"], kinds["/old/"], kinds["/health"]) == (FilesRoute, RedirectRoute, RespondRoute)
    assert (kinds["/live"], kinds["/time"]) == (WebSocketRoute, WebSocketRoute)
    assert len(stops) == 2
    for stop in stops:
        stop()


def test_the_site_ends_its_functions_with_the_service(setting, clock):
    spec, maker, stops = setting(YAML)
    assert isinstance(site_for(spec, maker, Journal("site"), clock), HTTPFactory)
    assert len(stops) == 2
    for stop in stops:
        stop()


def test_a_websocket_has_the_settings_that_are_written_and_the_limits_of_the_service(setting, clock):
    spec, maker, stops = setting(YAML)
    maker = RouteMaker(maker._loaded, clock, Journal("site"), stops, spec.limits)
    route = maker.websocket(spec.http["/live"].websocket)
    settings = route._endpoint.settings
    assert (settings.idle, settings.limit, settings.origins, settings.ping) == (9, 2048, ("*",), 0)
    assert route._handler.pending == spec.limits.pending
    assert maker.websocket(spec.http["/time"].websocket)._text is False
    stops[0]()


def test_a_websocket_is_no_place_for_a_whole_request(setting, clock):
    yaml = YAML.replace("functions:talk", "functions:whole")
    spec, maker, _ = setting(yaml)
    with pytest.raises(TypeError, match="whole Request"):
        maker.websocket(spec.http["/live"].websocket)


def test_a_route_that_cannot_be_made_says_which(setting, clock):
    spec, maker, _ = setting(YAML.replace("functions:shout", "functions:talk"))
    with pytest.raises(MisfitError) as raised:
        site_for(spec, maker, Journal("site"), clock)
    assert raised.value.path == ("http", "/shout", "function")
    assert str(raised.value)
