"""From the policies of the YAML to what wraps a route."""

from __future__ import annotations

import subprocess

import pytest

from protocols.daemon.guarding import gate_of
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitError
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.policies import PolicyMaker
from protocols.daemon.routes import RouteContext, site_for
from protocols.http import HTTPFactory, RespondRoute
from protocols.http.policy.access import AccessRoute
from protocols.http.policy.auth import AuthRoute
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.cors import CORSRoute
from protocols.http.policy.headers import HeadersRoute
from protocols.http.policy.passwords import hash_password
from protocols.http.policy.rate import RateRoute
from protocols.http.policy.tokens import hash_token
from protocols.journal import Journal

YAML = """
server: {trusted: 127.0.0.1}
services:
  site:
    listen: tcp://:0
    http:
      /plain: {respond: a}
      /all:
        respond: a
        methods: GET
        auth: {basic: users, bearer: tokens, users: alice}
        rate: 5/m
        cors: "*"
        headers: {X-A: a}
      /user: {respond: a, auth: {basic: users}, rate: {rate: 5/m, by: user}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "users").write_text(f"alice:{hash_password('a', 4)}\n")
    (tmp_path / "tokens").write_text(f"backup:{hash_token('a' * 20)}\n")
    for name in ("users", "tokens"):
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.fixture
def site(written, folder, clock):
    """The factory of the service in a YAML, and what ends it."""

    def site(yaml: str, gated: bool = False) -> tuple[HTTPFactory, list]:
        loaded = load(written(yaml))
        stops: list = []
        spec = loaded.config.services["site"]
        gate = gate_of(spec, loaded) if gated else None
        context = RouteContext(loaded, clock, Journal("site"), stops, [], spec.limits, gate)
        return site_for(spec, context), stops

    return site


def layers(factory: HTTPFactory, path: str) -> list[type]:
    """The kinds of route at `path`, from the outside in."""
    route = next(entry.route for each, entry in factory.site.table.entries() if each == path)
    found = [type(route)]
    while (route := getattr(route, "_inner", None)) is not None:
        found.append(type(route))
    return found


def test_the_order(site) -> None:
    factory, stops = site(YAML)
    policies = [HeadersRoute, CORSRoute, RateRoute, AuthRoute, CollectingRoute, RespondRoute]
    assert layers(factory, "/all") == policies
    assert layers(factory, "/user") == [AuthRoute, RateRoute, CollectingRoute, RespondRoute]
    for stop in stops:
        stop()


ACCESS = """
server: {trusted: 127.0.0.1}
services:
  site:
    listen: tcp://:0
    access: {allow: [unix, user:alice]}
    http:
      /plain: {respond: a}
      /own: {respond: a, rate: 5/m, cors: "*", access: {deny: 192.0.2.0/24}}
      /login: {respond: a, rate: 5/m, auth: {basic: users}, access: {deny: 192.0.2.0/24}}
      /users: {respond: a, auth: {basic: users}, access: {deny: user:bob}}
"""


def test_where_access_is_decided(site) -> None:
    factory, stops = site(ACCESS, gated=True)
    end = [CollectingRoute, RespondRoute]
    assert layers(factory, "/plain") == [AccessRoute, *end]
    assert layers(factory, "/own") == [CORSRoute, AccessRoute, AccessRoute, RateRoute, *end]
    assert layers(factory, "/login") == [AccessRoute, AccessRoute, RateRoute, AuthRoute, AccessRoute, *end]
    assert layers(factory, "/users") == [AccessRoute, AccessRoute, AuthRoute, AccessRoute, AccessRoute, *end]
    for stop in stops:
        stop()


def test_what_the_connection_has_decided_is_not_asked_again(site) -> None:
    yaml = ACCESS.replace("server: {trusted: 127.0.0.1}", "").replace("[unix, user:alice]", "unix")
    factory, stops = site(yaml, gated=True)
    assert layers(factory, "/plain") == [RespondRoute]
    for stop in stops:
        stop()


def test_a_route_without_policies_is_itself(site) -> None:
    factory, _ = site(YAML)
    assert layers(factory, "/plain") == [RespondRoute]


def test_the_files_and_threads_of_a_site_are_shared(site) -> None:
    factory, stops = site(YAML)
    guards = [route for path in ("/all", "/user") if (route := find(factory, path, AuthRoute))]
    assert guards[0]._passwords is guards[1]._passwords
    assert guards[0]._failures is guards[1]._failures
    assert len(stops) == 1


def find(factory: HTTPFactory, path: str, kind: type):
    route = next(entry.route for each, entry in factory.site.table.entries() if each == path)
    while not isinstance(route, kind):
        route = route._inner
    return route


def test_a_file_that_went_bad_since_it_was_checked(site, written, folder, clock) -> None:
    loaded = load(written(YAML))
    (folder / "users").write_text("alice:secret\n")
    stops: list = []
    spec = loaded.config.services["site"]
    with pytest.raises(MisfitError) as raised:
        site_for(spec, RouteContext(loaded, clock, Journal("site"), stops, [], spec.limits))
    assert raised.value.path == ("http", "/all", "auth", "basic")
    assert "secret" not in str(raised.value)
    for stop in stops:
        stop()


def test_the_limit_of_content_is_the_routes_own(written, folder, clock) -> None:
    maker = PolicyMaker(clock, Journal("site"), [], NamedNetworks({}))
    yaml = YAML + "      /small: {respond: a, headers: {X-A: a}, body: 5}\n"
    spec = load(written(yaml)).config.services["site"].http["/small"]
    route = maker.wrap(RespondRoute("a"), spec, (), 5)
    assert route._inner._limit == 5


def test_trusted_proxies(site) -> None:
    factory, _ = site(YAML)
    assert "127.0.0.1" in factory.trusted.proxies
    own, _ = site(YAML.replace("listen: tcp://:0", "listen: tcp://:0\n    trusted: [10.0.0.0/8, unix]"))
    assert [host in own.trusted.proxies for host in ("127.0.0.1", "10.1.1.1", "")] == [False, True, True]
    nobody, _ = site(YAML.replace("server: {trusted: 127.0.0.1}", ""))
    assert nobody.trusted is None


REAL = """
services:
  site:
    listen: [tcp://127.0.0.1:0, unix:site.sock]
    trusted: unix
    http:
      /who:
        function: functions:who
        auth: {basic: users, bearer: tokens}
        cors: https://app.example.org
        headers: {Cache-Control: no-store}
      /often: {respond: a, rate: 1/h}
"""
FUNCTIONS = """
from protocols.http import Request
def who(request: Request) -> str: return f"{request.peer.user} {request.scheme} {request.body.decode()}"
"""


@pytest.fixture
def curl(real_daemon, written, folder):
    """Ask a real daemon with curl: its status, and what it said."""
    daemon = real_daemon(written(REAL, FUNCTIONS)).ready()

    def curl(path: str, *options: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{daemon.port('site')}{path}"
        command = ["curl", "-sS", "-w", "\n%{http_code}", *options, url]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=True)
        said, _, status = done.stdout.rpartition("\n")
        return int(status), said

    yield curl
    assert daemon.stop() == 0
    assert daemon.errors == ""


def test_a_real_daemon_and_a_real_client(curl, folder) -> None:
    assert curl("/who", "-u", "alice:a", "-d", "hello") == (200, "alice http hello")
    assert curl("/who", "-H", f"Authorization: Bearer {'a' * 20}") == (200, "backup http ")
    status, said = curl("/who", "-u", "alice:b", "-i", "-H", "Origin: https://app.example.org")
    assert status == 401
    for field in (
        "WWW-Authenticate: Basic",
        "Access-Control-Allow-Origin: https://app",
        "Cache-Control: no-store",
    ):
        assert field in said
    socket = ("--unix-socket", str(folder / "site.sock"))
    proxied = ("-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-For: 192.0.2.9")
    assert curl("/who", "-u", "alice:a", *proxied) == (200, "alice http ")
    assert curl("/who", "-u", "alice:a", *proxied, *socket) == (200, "alice https ")
    assert [curl("/often")[0], curl("/often")[0], curl("/often", *proxied, *socket)[0]] == [200, 429, 200]
