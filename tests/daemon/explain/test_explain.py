"""What would become of somebody who comes to an address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.daemon.assembly import Setting, assemble
from protocols.daemon.explain import Caller, explain
from protocols.daemon.explain.listeners import UnknownAddressError, listener_at
from protocols.daemon.loader import load
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.limits import LimitsSpec
from protocols.session import Certificate, Credentials

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

YAML = """
networks: {office: 10.0.0.0/8}
defaults:
  limits: {idle: 1m}
  access: {deny: 192.0.2.0/24}
services:
  price:
    listen: [tcp://:7001, udp://127.0.0.1:7001, unix:price.sock]
    builtin: echo
    framing: {lines: {limit: 1KiB}}
    limits: {connections: 5}
    access:
      - deny: [10.1.0.0/16, {hours: "sat-sun 00:00-24:00"}]
      - allow: [office, {uids: [5], gids: [6]}]
  plain: {listen: ["tls://127.0.0.1:7443", "tcp://127.0.0.1:0"], factory: functions:factory, tls: main}
  site:
    listen: tcp://127.0.0.1:8080
    trusted: 127.0.0.1
    access:
      - allow: {networks: office, hours: "08:00-18:00"}
      - allow: user:alice
    http:
      /: {respond: hi}
      /admin/{id}:
        - {respond: hi, methods: GET, body: 5KiB, rate: 5/m, auth: {basic: users, users: [alice, eve]}}
        - {redirect: /x, methods: POST}
      /new: {redirect: "${env:ELSEWHERE}"}
      /files/: {files: ., access: {deny: 10.9.0.0/16}, headers: {X-A: b}}
  balanced: {listen: "tcp://127.0.0.1:7444", accept_proxy: office, builtin: echo}
  fleet:
    listen: tls://127.0.0.1:7445
    tls:
      certificate: main
      client: {ca: tls/localhost.pem, required: false}
      names: {strict.test: {client: tls/localhost.pem}, open.test: {client: none}}
    builtin: echo
    access: {allow: ["certificate:CN=dev*", user:boss]}
  off: {enabled: false, listen: "tcp://127.0.0.1:7999", builtin: echo}
certificates: {main: {certificate: tls/localhost.pem, key: tls/localhost.key}}
"""
FUNCTIONS = "from twisted.internet.protocol import Factory\nfactory = Factory()\n"


@pytest.fixture
def explained(written, clock, tmp_path, monkeypatch, forgotten_imports):
    from protocols.daemon.importing import importer

    (tmp_path / "users").write_text("")
    (tmp_path / "users").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELSEWHERE", "/else/where")
    written(YAML, FUNCTIONS)
    loaded = load("polyport.yaml", importer(tmp_path))
    carriers = assemble(loaded, Setting(clock))

    def explained(address: str, host: str = "unix", **more: object):
        listener = listener_at(Address.parse(address), loaded)
        caller = Caller(host, **{"moment": MONDAY, **more})
        return explain(loaded, carriers[listener.service], listener, caller)

    yield explained
    for made in carriers.values():
        for stop in made.stops:
            stop()


def said(explanation, *topics: str) -> list[tuple[str, str]]:
    return [(step.words, step.place) for step in explanation.steps if step.topic in topics]


def test_the_whole_way_of_a_connection(explained):
    found = explained("tcp://127.0.0.1:7001", "10.2.0.1")
    assert found.allowed
    assert [(step.topic, step.words, step.place, step.allowed) for step in found.steps] == [
        ("service", "price", "polyport.yaml:7:3", None),
        ("address", "tcp://:7001", "polyport.yaml:8:14", None),
        ("access", "allowed by a rule: allow networks office", "polyport.yaml:14:17", True),
        ("identity", "tcp://10.2.0.1", "", None),
        ("framing", "lines: ending any, limit 1KiB", "polyport.yaml:10:14", None),
        ("handler", "builtin echo", "polyport.yaml:9:14", None),
    ]
    limits = {one.name: (one.value, one.origin, one.place) for one in found.limits}
    assert limits["connections"] == ("5", "own", "polyport.yaml:11:27")
    assert limits["pending"] == ("64", "built-in", "")
    assert limits["idle"] == ("1m", "defaults", "polyport.yaml:4:18")
    assert limits["connection_rate"] == ("20/s", "built-in", "")
    assert limits["exempt"] == ("127.0.0.0/8, ::1, unix", "built-in", "")
    assert not set(limits) & {*LimitsSpec.http, *LimitsSpec.forms}


@pytest.mark.parametrize(
    ("address", "host", "more", "words", "place"),
    [
        (
            "tcp://[::1]:7001",
            "10.1.0.1",
            {},
            "refused by a rule: deny networks 10.1.0.0/16",
            "polyport.yaml:13:16",
        ),
        (
            "tcp://[::1]:7001",
            "10.2.0.1",
            {"moment": MONDAY.replace(day=22)},
            "refused by a rule: deny hours sat-sun 00:00-24:00",
            "polyport.yaml:13:29",
        ),
        ("tcp://[::1]:7001", "11.0.0.1", {}, "refused: no rule allows it", "polyport.yaml:12:5"),
        ("udp://127.0.0.1:7001", "11.0.0.1", {}, "refused: no rule allows it", "polyport.yaml:12:5"),
        (
            "udp://127.0.0.1:7001",
            "10.2.0.1",
            {},
            "allowed by a rule: allow networks office",
            "polyport.yaml:14:17",
        ),
        (
            "unix:price.sock",
            "unix",
            {"credentials": Credentials(5, 6, 0)},
            "allowed by a rule: allow uids 5; gids 6",
            "polyport.yaml:14:25",
        ),
        (
            "unix:price.sock",
            "unix",
            {"credentials": Credentials(5, 5, 0)},
            "refused: no rule allows it",
            "polyport.yaml:12:5",
        ),
        (
            "tls://localhost:7443",
            "192.0.2.1",
            {},
            "refused by a rule: deny networks 192.0.2.0/24",
            "polyport.yaml:5:18",
        ),
        ("tls://127.0.0.1:7443", "::1", {}, "allowed: no rule is about it", "polyport.yaml:5:3"),
    ],
)
def test_which_rule_decides(explained, address, host, more, words, place):
    found = explained(address, host, **more)
    assert said(found, "access") == [(words, place)]
    assert found.allowed is words.startswith("allowed")


def test_what_is_not_asked_for(explained):
    certificate = Certificate("dev7", (), "", MONDAY)
    found = explained("tls://127.0.0.1:7443", "::1", certificate=certificate, user="alice")
    assert said(found, "identity") == [
        ("tls://::1, whose certificate is not asked for, whose user is not asked for", "")
    ]
    assert said(found, "framing", "handler") == [
        ("that of the factory", "built-in"),
        ("factory functions:factory", "polyport.yaml:15:75"),
    ]


def test_a_datagram_is_a_message(explained):
    assert said(explained("udp://127.0.0.1:7001", "10.2.0.1"), "framing") == [
        ("each datagram is a message", "built-in")
    ]


def steps(found) -> list[tuple[str, str]]:
    return [(step.topic, step.words) for step in found.steps[2:]]


PENDING = "not decided yet: it depends on who that turns out to be"
OFFICE = "allowed by a rule: allow networks office; hours 08:00-18:00"


def test_a_request_and_all_that_wraps_its_route(explained):
    found = explained("tcp://127.0.0.1:8080", "10.2.0.1", path="/admin/5?a=b", user="alice")
    assert steps(found) == [
        ("access", OFFICE),
        ("route", "/admin/{id}: GET: respond, with a login"),
        ("access of the service", OFFICE),
        ("auth", "allowed: alice has logged in"),
        ("access of the service", OFFICE),
        ("identity", "http://10.2.0.1, user alice"),
    ]
    assert [(one.name, one.value, one.origin) for one in found.limits[:4]] == [
        ("body", "5KiB", "route"),
        ("rate.rate", "5/m", "route"),
        ("rate.by", "source", "route"),
        ("connections", "1000", "built-in"),
    ]
    assert [one.name for one in found.limits].count("body") == 1
    assert "form_parts" in [one.name for one in found.limits]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"path": "/"}, [("access of the service", "refused: no rule allows it")]),
        (
            {"path": "/admin/5"},
            [
                ("access of the service", PENDING),
                ("auth", "refused: nobody has logged in (status 401)"),
            ],
        ),
        (
            {"path": "/admin/5", "user": "bob"},
            [
                ("access of the service", PENDING),
                ("auth", "refused: bob is none of its users (status 403)"),
            ],
        ),
        (
            {"path": "/admin/5", "user": "eve"},
            [
                ("access of the service", PENDING),
                ("auth", "allowed: eve has logged in"),
                ("access of the service", "refused: no rule allows it"),
            ],
        ),
        (
            {"path": "/admin/5", "user": "alice"},
            [
                ("access of the service", PENDING),
                ("auth", "allowed: alice has logged in"),
                ("access of the service", "allowed by a rule: allow users alice"),
            ],
        ),
    ],
)
def test_a_request_from_elsewhere(explained, more, expected):
    found = explained("tcp://127.0.0.1:8080", "203.0.113.1", **more)
    assert steps(found)[0] == ("access", PENDING)
    assert steps(found)[2:-1] == expected
    assert found.allowed is expected[-1][1].startswith("allowed")


def test_a_request_by_a_trusted_proxy(explained):
    found = explained("tcp://127.0.0.1:8080", "10.9.0.1", via="127.0.0.1", path="/files/a")
    assert steps(found) == [
        ("access", "not asked about a trusted proxy, but about its requests"),
        ("route", "/files/: files"),
        ("access of the service", OFFICE),
        ("access of the route", "refused by a rule: deny networks 10.9.0.0/16"),
        ("identity", "http://10.9.0.1"),
    ]
    other = explained("tcp://127.0.0.1:8080", "10.2.0.1", via="203.0.113.1", path="/files/a")
    assert steps(other)[-1] == ("identity", "http://203.0.113.1")
    assert not other.allowed


@pytest.mark.parametrize(
    ("more", "words", "allowed"),
    [
        ({"path": "/admin/"}, "/: respond", True),
        ({"path": "/files"}, "none: status 308, /files/", True),
        ({"path": "/admin/5", "method": "DELETE"}, "none: status 405", False),
        ({"path": "/admin/5", "method": "POST"}, "/admin/{id}: POST: redirect to /x", True),
        ({"path": "/new"}, "/new: redirect (from a secret)", True),
        ({"path": "/%zz"}, "none: status 400", False),
        ({"path": "/", "method": "get"}, "none: status 501", False),
    ],
)
def test_routes(explained, more, words, allowed):
    found = explained("tcp://127.0.0.1:8080", "10.2.0.1", **more)
    assert said(found, "route")[0][0] == words
    assert found.allowed is allowed


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:7002", "udp://127.0.0.2:7001", "tls://127.0.0.1:7001", "tcp://:7999", "unix:b.sock"],
)
def test_nobody_listens_there(explained, address):
    with pytest.raises(
        UnknownAddressError, match=r"; known addresses: tcp://:7001, udp://127\.0\.0\.1:7001, "
    ):
        explained(address, "10.2.0.1")


def test_an_address_whose_port_the_system_chooses(explained):
    assert said(explained("tcp://127.0.0.1:0", "::1"), "service")[0][0] == "plain"


def test_who_has_to_say_first_whose_connection_it_is(explained):
    header = "PROXY header"
    told = "must come first; what follows is about whom it names"
    assert said(explained("tcp://127.0.0.1:7444", "10.0.0.1"), header) == [(told, "")]
    assert said(explained("tcp://127.0.0.1:7444", "192.0.2.1"), header) == [("is not looked for", "")]
    assert said(explained("tcp://127.0.0.1:7001", "10.0.0.1"), header) == []


def named(name: str) -> Certificate:
    return Certificate(name, (), "", MONDAY)


@pytest.mark.parametrize(
    ("more", "tls", "access"),
    [
        (
            {"certificate": named("dev7")},
            "allowed: such a certificate is asked for",
            "allowed by a rule: allow certificates CN=dev*",
        ),
        (
            {"certificate": named("boss")},
            "allowed: such a certificate is asked for",
            "allowed by a rule: allow users boss",
        ),
        (
            {"certificate": named("eve")},
            "allowed: such a certificate is asked for",
            "refused: no rule allows it",
        ),
        ({}, "allowed without a certificate", "refused: no rule allows it"),
        ({"user": "boss"}, "allowed without a certificate", "refused: no rule allows it"),
        ({"server": "strict.test"}, "refused: a certificate is needed", None),
        (
            {"server": "open.test", "certificate": named("dev7")},
            "no certificate is asked for",
            "refused: no rule allows it",
        ),
    ],
)
def test_certificates_of_clients(explained, more, tls, access):
    found = explained("tls://127.0.0.1:7445", "192.0.2.1", **more)
    assert said(found, "access")[0][0] == PENDING
    assert [words for words, _ in said(found, "TLS")] == [tls]
    assert [words for words, _ in said(found, "access, inside of TLS")] == ([access] if access else [])
    assert found.allowed is (access is not None and access.startswith("allowed"))
