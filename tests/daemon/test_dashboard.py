"""The live page, from the YAML to who may see it."""

from __future__ import annotations

import json
import re
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from protocols.daemon.dashboard.route import DashboardRoute
from protocols.daemon.guarding import gate_of
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.misfit import MisfitsError
from protocols.daemon.problems import ConfigError
from protocols.daemon.routes import RouteContext, site_for
from protocols.http import BodyStream, Headers, HTTPError, Request, StreamingRequest
from protocols.journal import Journal
from protocols.session import Certificate, Peer

YAML = """
networks: {{office: 198.51.100.0/24}}
services:
  site:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0]
    tls: {{certificate: {{certificate: tls/localhost.pem, key: tls/localhost.key}}{client}}}
    {service}
    http:
      /dashboard/: {route}
"""
NEAR = Peer("http", "127.0.0.1", 4321)
FAR = Peer("https", "198.51.100.7", 4321)
CERTIFIED = replace(FAR, certificate=Certificate("ops1", (), "", datetime(2100, 1, 1, tzinfo=UTC)))


@pytest.fixture
def site(written, clock, forgotten_imports, tmp_path):
    """The site of a YAML."""
    users = tmp_path / "users"
    users.write_text("")
    users.chmod(0o600)

    def make(route: str = "{dashboard: {}}", service: str = "limits: {idle: 9s}", client: str = ""):
        file = written(YAML.format(route=route, service=service, client=client))
        loaded = load(file, importer(file.parent))
        spec = loaded.config.services["site"]
        gate = gate_of(spec, loaded)
        context = RouteContext(loaded, clock, Journal("site"), [], [], spec.limits, gate)
        return site_for(spec, context).site

    return make


class Nothing:
    """What content comes from that there is not."""


def status(site, peer: Peer, host: str = "localhost", **fields: str) -> int:
    """What becomes of a request for the style sheet, which needs no daemon."""
    headers = Headers([(name.replace("_", "-"), value) for name, value in fields.items()])
    request = Request("GET", "/dashboard/page.css", headers=headers, peer=peer, host=host)
    found = site.find(request)
    route = found.entry.route
    if route.streams:
        request = StreamingRequest(request, BodyStream(Nothing(), 0))
    try:
        return route.respond(request, found.rest).status
    except HTTPError as error:
        return error.status


def test_it_is_made_as_it_is_written(site):
    (route,) = [entry.route for _, entry in site("{dashboard: {title: Shop, tap: true}}").table.entries()]
    assert isinstance(route, DashboardRoute)
    assert (route._title, route._actions, route._can_tap) == ("Shop", False, True)
    (route,) = [entry.route for _, entry in site().table.entries()]
    assert route._title == socket.gethostname()


def test_its_path_ends_in_a_slash(written, clock):
    loaded = load(written("services: {site: {listen: 'tcp://:0', http: {/d: {dashboard: {}}}}}"))
    spec = loaded.config.services["site"]
    context = RouteContext(loaded, clock, Journal("site"), [], [], spec.limits)
    with pytest.raises(MisfitsError, match="must end in a slash"):
        site_for(spec, context)


def test_a_key_there_is_not(written):
    with pytest.raises(ConfigError, match="did you mean actions"):
        load(written("services: {site: {listen: 'tcp://:0', http: {/d/: {dashboard: {action: true}}}}}"))


def test_without_a_login_it_is_for_this_machine(site):
    plain = site()
    assert status(plain, NEAR) == 200
    assert status(plain, FAR) == status(plain, CERTIFIED) == status(plain, NEAR, "evil.test") == 403


def test_with_a_login_nobody_comes_there_without_it(site):
    closed = site("{dashboard: {}, auth: {basic: users}}")
    for peer in (NEAR, FAR):
        assert status(closed, peer, "any.test", Via="1.1 proxy") == 401


@pytest.mark.parametrize("service", ["trusted: [127.0.0.1, 10.0.0.0/8]", "limits: {idle: 9s}"])
def test_what_a_proxy_passes_on_is_not_from_here(site, service):
    assert status(site(service=service), NEAR, X_Forwarded_For="127.0.0.1") == 403


def test_behind_load_balancers_nobody_is_from_here(site):
    assert status(site(service="accept_proxy: 10.0.0.0/8"), NEAR) == 403


def test_a_network_that_may_come_in_has_not_logged_in(site):
    assert status(site(service="access: {allow: office}"), FAR) == 403


@pytest.mark.parametrize(
    "settings",
    [
        {"service": 'access: {allow: "certificate:CN=ops*"}'},
        {"route": '{dashboard: {}, access: {allow: "certificate:CN=ops*"}}'},
        {"client": ", client: tls/ca.pem"},
    ],
)
def test_a_certificate_is_a_login(site, settings):
    if "client" not in settings:
        settings = {**settings, "client": ", client: {ca: tls/ca.pem, required: false}"}
    by_certificate = site(**settings)
    assert status(by_certificate, CERTIFIED, "any.test") == 200
    assert status(by_certificate, FAR) == 403


def test_a_certificate_that_nobody_has_to_show_is_none(site):
    assert status(site(client=", client: {ca: tls/ca.pem, required: false}"), CERTIFIED) == 403


SERVED = """
services:
  shout: {listen: "tcp://127.0.0.1:0", function: "functions:shout"}
  site:
    listen: tcp://127.0.0.1:0
    http:
      /dashboard/: {dashboard: {actions: true, tap: true}}
"""
FUNCTIONS = """
def shout(message: str) -> str:
    return message.upper()
"""


def test_of_a_daemon_that_serves(real_daemon, written, connect):
    daemon = real_daemon(written(SERVED, FUNCTIONS)).ready()
    browser = HTTPConnection("127.0.0.1", daemon.port("site"), timeout=20)
    with connect(daemon.port("shout")) as client, closing(browser):
        assert client.ask("hello") == b"HELLO"
        browser.request("GET", "/dashboard/?service=shout")
        answer = browser.getresponse()
        page = answer.read().decode()
        assert answer.status == 200
        (token,) = re.findall(r'name="token" value="([^"]+)"', page)
        (connection,) = re.findall(r'name="kill" value="([^"]+)"', page)

        browser.request("GET", "/dashboard/events")
        with browser.getresponse() as events:
            while not (line := events.readline()).startswith(b"data: "):
                assert line
        services = {row["key"]: row["texts"] for row in json.loads(line[6:])["tables"]["services"]}
        assert (services["shout"]["open"], services["shout"]["state"]) == ("1", "serving")
        browser.close()

        form = urlencode({"token": token, "kill": connection, "confirmed": "yes"})
        fields = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": answer.headers["Set-Cookie"].partition(";")[0],
        }
        browser.request("POST", "/dashboard/do", form, fields)
        assert json.loads(browser.getresponse().read())["done"]
        assert client.rest() == b""
    assert daemon.stop() == 0
