"""From the routes of the YAML to those that answer."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitError
from protocols.daemon.routes import ROUTES, RouteMaker, site_for
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.proxy import ProxySpec
from protocols.http import (
    FilesRoute,
    HTTPFactory,
    ProxyLimits,
    ProxyRoute,
    RedirectRoute,
    Request,
    RespondRoute,
)
from protocols.journal import Journal

YAML = """
services:
  site:
    listen: tcp://:0
    limits: {connections: 7, idle: 9s, body: 3KiB}
    http:
      /: {files: tls}
      /shout: {function: "functions:shout"}
      /app/: {proxy: "unix:app.sock"}
      /old/: {redirect: /}
      /health: {respond: fine}
"""
FUNCTIONS = """
from protocols.handlers import Conversation
def shout(message: str) -> str: return message.upper()
async def talk(connection: Conversation) -> None: ...
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
    assert kinds["/app/"] is ProxyRoute
    assert len(stops) == 2
    for stop in stops:
        stop()


def test_a_proxy_as_it_is_written(setting):
    yaml = YAML.replace('"unix:app.sock"', '{origins: "unix:app.sock:/x/", connections: 9, host: origin}')
    spec, maker, _ = setting(yaml)
    route = ROUTES["proxy"](maker, spec.http["/app/"].settings)
    (origin,) = route.origins
    assert (origin.url.base, Path(origin.url.socket).name) == ("/x/", "app.sock")
    assert Path(origin.url.socket).is_absolute()
    assert (route.pool.limits.connections, route.pool.limits) == (9, ProxyLimits(connections=9))
    assert route.host(Request("GET", "/", host="a.test"), origin) == "localhost"


def test_what_a_proxy_is_if_nothing_is_said():
    assert {
        field.name: getattr(ProxySpec(origins=["http://a"]), field.name) for field in fields(ProxyLimits)
    } == (asdict(ProxyLimits()))


def test_the_site_ends_its_functions_with_the_service(setting, clock):
    spec, maker, stops = setting(YAML)
    assert isinstance(site_for(spec, maker, Journal("site"), clock), HTTPFactory)
    assert len(stops) == 2
    for stop in stops:
        stop()


def test_a_route_that_cannot_be_made_says_which(setting, clock):
    spec, maker, _ = setting(YAML.replace("functions:shout", "functions:talk"))
    with pytest.raises(MisfitError) as raised:
        site_for(spec, maker, Journal("site"), clock)
    assert raised.value.path == ("http", "/shout", "function")
    assert str(raised.value)
