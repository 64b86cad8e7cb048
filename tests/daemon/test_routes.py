"""From the routes of the YAML to those that answer."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitsError
from protocols.daemon.problems import ConfigError
from protocols.daemon.routes import ROUTES, RouteContext, site_for
from protocols.daemon.routes.proxy import proxy
from protocols.daemon.routes.websocket import websocket
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.proxy import ProxySpec
from protocols.http import (
    CgiRoute,
    EventsRoute,
    FilesRoute,
    HTTPFactory,
    ProxyLimits,
    ProxyRoute,
    RedirectRoute,
    Request,
    RespondRoute,
    WebSocketRoute,
    WSGIRoute,
)
from protocols.journal import Journal
from protocols.session import Peer

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
      /cgi-bin/: {cgi: tls}
      /items/{number}: {function: "functions:item"}
      /ticks: {events: "functions:ticks"}
      /live: {websocket: {function: "functions:talk", limit: 2KiB, origins: "*", ping: 0s}}
      /time: {websocket: {builtin: time}}
      /wsgi/: {wsgi: "functions:wsgi"}
      /made/: {wsgi: {app: "functions:make", factory: true, threads: 1, queue: 2, timeout: 3s}}
      /root/: {resource: "functions:root"}
      /makes/: {resource: "functions:resource"}
"""
FUNCTIONS = """
from protocols.handlers import Conversation
from protocols.http import Request
def shout(message: str) -> str: return message.upper()
def item(number: int, q: str = "") -> int: return number
async def ticks(last_event_id: str | None):
    yield "tick"
async def later(message: str) -> None: ...
async def talk(connection: Conversation) -> None: ...
async def whole(request: Request) -> None: ...
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

    def read(yaml: str, more: str = ""):
        file = written(yaml, FUNCTIONS + more)
        loaded = load(file, importer(file.parent))
        stops = []
        spec = loaded.config.services["site"]
        return spec, RouteContext(loaded, clock, Journal("site"), stops, [], spec.limits), stops

    return read


def test_every_kind_of_the_yaml_can_be_made():
    assert set(ROUTES) == set(RouteSpec.choices)


def test_each_becomes_its_route(setting):
    spec, context, stops = setting(YAML)
    made = {
        path: ROUTES[route.kind](route.settings, replace(context, path=path))
        for path, route in spec.http.items()
    }
    kinds = {path: type(route) for path, route in made.items()}
    assert (kinds["/"], kinds["/old/"], kinds["/health"]) == (FilesRoute, RedirectRoute, RespondRoute)
    assert kinds["/ticks"] is EventsRoute
    assert kinds["/cgi-bin/"] is CgiRoute
    assert made["/items/{number}"].signature.parameters[0].places == ("path",)
    assert (kinds["/live"], kinds["/time"]) == (WebSocketRoute, WebSocketRoute)
    assert kinds["/app/"] is ProxyRoute
    assert (kinds["/wsgi/"], kinds["/made/"]) == (WSGIRoute, WSGIRoute)
    assert kinds["/root/"].__name__ == kinds["/makes/"].__name__ == "ResourceRoute"
    assert len(stops) == 11
    for stop in stops:
        stop()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{number}",
            "{id}",
            "services.site.http./items/{id}.function: functions.item takes nothing called id",
        ),
        (
            'events: "functions:ticks"',
            'events: "functions:item"',
            "services.site.http./ticks.events: functions.item",
        ),
        ('"functions:shout"', '"functions:absent"', "has no attribute absent"),
    ],
)
def test_what_does_not_fit_is_found_before_anything_is_made(setting, old, new, said):
    with pytest.raises(ConfigError) as raised:
        setting(YAML.replace(old, new))
    assert said in str(raised.value)


def test_a_function_is_judged_by_where_it_stands(setting):
    socket = '  socket: {listen: "tcp://:0", function: "functions:both"}\n'
    functions = "both(a: int, b: int): ..."
    with pytest.raises(ConfigError) as raised:
        setting(YAML.replace("functions:item", "functions:both") + socket, f"def {functions}\n")
    said = str(raised.value)
    assert "services.socket.function" in said
    assert "nothing called number" in said


def test_the_site_ends_its_threads_with_the_service(setting, clock):
    spec, context, stops = setting(YAML)
    assert isinstance(site_for(spec, context), HTTPFactory)
    assert len(stops) == 11
    for stop in stops:
        stop()


def test_what_a_route_says_itself_names_it(setting, failures):
    spec, context, _ = setting(YAML)
    route = websocket(spec.http["/live"].websocket, context.at("/live", ()))
    route._endpoint.journal.failed(Peer("ws"), LookupError())
    (event,) = failures.take(LookupError)
    assert (event["service"], event["route"]) == (context.journal.service, "/live")
    assert context.journal.counts.failures == 1


def test_a_websocket_has_the_settings_that_are_written_and_the_limits_of_the_service(setting):
    spec, context, stops = setting(YAML)
    route = websocket(spec.http["/live"].websocket, context)
    settings = route._endpoint.settings
    assert (settings.idle, settings.limit, settings.origins, settings.ping) == (9, 2048, ("*",), 0)
    assert route._handler.pending == spec.limits.pending
    assert websocket(spec.http["/time"].websocket, context)._text is False
    stops[0]()


def test_a_websocket_is_no_place_for_a_whole_request(setting):
    spec, context, _ = setting(YAML.replace("functions:talk", "functions:whole"))
    with pytest.raises(TypeError, match="whole Request"):
        websocket(spec.http["/live"].websocket, context)


def test_a_proxy_as_it_is_written(setting):
    yaml = YAML.replace('"unix:app.sock"', '{origins: "unix:app.sock:/x/", connections: 9, host: origin}')
    spec, context, _ = setting(yaml)
    route = proxy(spec.http["/app/"].settings, context)
    (origin,) = route.origins
    assert (origin.url.base, Path(origin.url.socket).name) == ("/x/", "app.sock")
    assert Path(origin.url.socket).is_absolute()
    assert (route.pool.limits.connections, route.pool.limits) == (9, ProxyLimits(connections=9))
    assert route.host(Request("GET", "/", host="a.test"), origin) == "localhost"


def test_what_a_proxy_is_if_nothing_is_said():
    assert {
        field.name: getattr(ProxySpec(origins=["http://a"]), field.name) for field in fields(ProxyLimits)
    } == (asdict(ProxyLimits()))


def test_a_route_that_cannot_be_made_says_which(setting, clock):
    spec, context, _ = setting(YAML.replace('"functions:shout"', '{call: "functions:later", run: threads}'))
    with pytest.raises(MisfitsError) as raised:
        site_for(spec, context)
    assert [misfit.path for misfit in raised.value.misfits] == [("http", "/shout", "function")]
    assert str(raised.value)


@pytest.mark.parametrize(
    ("cgi", "said"),
    [
        ("{folder: tls, program: sh}", "exactly one of folder, program is needed; found folder and program"),
        ("{program: sh, words: true}", "only the programs of a folder have that; remove this key"),
        ("{program: []}", "must not be empty"),
        ("{program: [sh, '']}", "an argument must not be empty, nor hold a zero byte"),
        ("{program: ./nothing}", "there is no program nothing that can be run"),
        ("nowhere", "the folder nowhere does not exist"),
        ("{folder: tls, documents: nowhere}", "the folder nowhere does not exist"),
        ("{folder: tls, environment: {A=B: c}}", '"A=B" is not the name of a variable, such as LANG'),
        ("{folder: tls, interpreters: {py: sh}}", '"py" is not the suffix of a file name, such as .py'),
        ("{folder: tls, interpreters: {.py: no-such-program}}",
         "there is no program no-such-program that can be run"),
        ("{folder: tls, processes: 0}", "must be at least 1, not 0"),
        ("{folder: tls, timeout: 0s}", "must be more than 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_cgi(written, forgotten_imports, cgi, said):
    file = written(YAML.replace("{cgi: tls}", f"{{cgi: {cgi}}}"), FUNCTIONS)
    with pytest.raises(ConfigError) as raised:
        load(file, importer(file.parent))
    assert [problem.message for problem in raised.value.problems] == [said]


def test_a_program_beside_the_yaml(written, forgotten_imports):
    file = written(YAML.replace("{cgi: tls}", "{cgi: {program: [./functions.py, ./x]}}"), FUNCTIONS)
    (file.parent / "functions.py").chmod(0o755)
    route = load(file, importer(file.parent)).config.services["site"].http["/cgi-bin/"]
    assert route.settings.program == (str(file.parent / "functions.py"), "./x")


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("wsgi: functions:nothing", "functions:nothing is no WSGI application: it cannot be called"),
        (
            "wsgi: {app: functions:broken, factory: true}",
            "calling functions:broken raised KeyError: 'DB_URL'",
        ),
        ("wsgi: functions:asgi", "is no WSGI application: it takes three arguments, as those of ASGI do"),
        ("wsgi: functions:make", "{app: functions:make, factory: true}"),
        ("asgi: functions:wsgi", "is no ASGI application: it takes two arguments, as those of WSGI do"),
        (
            "asgi: {app: functions:make, factory: true}",
            "is no ASGI application: it takes two arguments, as those of WSGI do",
        ),
        ("asgi: functions:asgi", "needs asyncio"),
        ("resource: functions:nothing", "functions:nothing neither is nor makes a resource"),
        ("resource: functions:broken", "calling functions:broken raised KeyError: 'DB_URL'"),
        ("resource: functions:make", "functions:make neither is nor makes a resource"),
    ],
)
def test_an_application_that_is_none(setting, clock, route, words):
    kind = route.partition(":")[0]
    spec, context, _ = setting(f"services: {{site: {{listen: 'tcp://:0', http: {{/: {{{route}}}}}}}}}")
    with pytest.raises(MisfitsError) as raised:
        site_for(spec, context)
    assert [misfit.path for misfit in raised.value.misfits] == [("http", "/", kind)]
    assert words in str(raised.value)
