"""From the routes of the YAML to those that answer."""

from __future__ import annotations

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitError
from protocols.daemon.routes import ROUTES, RouteMaker, site_for
from protocols.daemon.spec.http import RouteSpec
from protocols.http import FilesRoute, HTTPFactory, RedirectRoute, RespondRoute, WSGIRoute
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
      /wsgi/: {wsgi: "functions:wsgi"}
      /made/: {wsgi: {app: "functions:make", factory: true, threads: 1, queue: 2, timeout: 3s}}
      /root/: {resource: "functions:root"}
      /makes/: {resource: "functions:resource"}
"""
FUNCTIONS = """
from protocols.handlers import Conversation
def shout(message: str) -> str: return message.upper()
async def talk(connection: Conversation) -> None: ...
def wsgi(environ, start_response): ...
def make(): return wsgi
def broken(): raise KeyError("DB_URL")
def resource():
    from twisted.web.resource import Resource
    return Resource()
root = resource()
async def asgi(scope, receive, send): ...
nothing = 5
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
    assert (kinds["/wsgi/"], kinds["/made/"]) == (WSGIRoute, WSGIRoute)
    assert kinds["/root/"].__name__ == kinds["/makes/"].__name__ == "ResourceRoute"
    assert len(stops) == 5
    for stop in stops:
        stop()


def test_the_site_ends_its_functions_with_the_service(setting, clock):
    spec, maker, stops = setting(YAML)
    assert isinstance(site_for(spec, maker, Journal("site"), clock), HTTPFactory)
    assert len(stops) == 5
    for stop in stops:
        stop()


def test_a_route_that_cannot_be_made_says_which(setting, clock):
    spec, maker, _ = setting(YAML.replace("functions:shout", "functions:talk"))
    with pytest.raises(MisfitError) as raised:
        site_for(spec, maker, Journal("site"), clock)
    assert raised.value.path == ("http", "/shout", "function")
    assert str(raised.value)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("wsgi: functions:nothing", "functions:nothing is no WSGI application: it cannot be called"),
        (
            "wsgi: {app: functions:broken, factory: true}",
            "calling functions:broken raised KeyError: 'DB_URL'",
        ),
        ("asgi: functions:asgi", "needs asyncio"),
        ("resource: functions:nothing", "functions:nothing neither is nor makes a resource"),
        ("resource: functions:broken", "calling functions:broken raised KeyError: 'DB_URL'"),
        ("resource: functions:make", "functions:make neither is nor makes a resource"),
    ],
)
def test_an_application_that_is_none(setting, clock, route, words):
    kind = route.partition(":")[0]
    spec, maker, _ = setting(f"services: {{site: {{listen: 'tcp://:0', http: {{/: {{{route}}}}}}}}}")
    with pytest.raises(MisfitError) as raised:
        site_for(spec, maker, Journal("site"), clock)
    assert raised.value.path == ("http", "/", kind)
    assert words in str(raised.value)
