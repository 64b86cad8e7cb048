from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.http import Headers, Query, Request
from protocols.http.routes.asgi.scope import http_scope, websocket_scope
from protocols.session import Certificate, Peer


def request(path: str = "/app/b", **about) -> Request:
    return Request("GET", path, Query(about.pop("query", "")), Headers(about.pop("headers", ())), **about)


def test_an_http_scope() -> None:
    asked = request(
        "/app/caf\u00e9 b",
        query="a=%20",
        headers=[("X-A", "1"), ("x-a", "2")],
        target="/app/caf%C3%A9%20b?a=%20",
        host="a.test:81",
        peer=Peer("http", "192.0.2.7", 5, user="ann"),
    )
    scope = http_scope(asked, "caf\u00e9 b", {"db": 1})
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/app/caf\u00e9 b",
        "raw_path": b"/app/caf%C3%A9%20b",
        "query_string": b"a=%20",
        "root_path": "/app",
        "headers": [(b"x-a", b"1"), (b"x-a", b"2"), (b"x-request-id", asked.id.encode())],
        "client": ("192.0.2.7", 5),
        "server": ("a.test", 81),
        "state": {"db": 1},
        "extensions": {},
        "polyport.user": "ann",
    }


@pytest.mark.parametrize(("scheme", "socket"), [("http", "ws"), ("https", "wss")])
def test_a_websocket_scope(scheme: str, socket: str) -> None:
    scope = websocket_scope(request(scheme=scheme), "b", {}, ("a", "b"))
    assert (scope["type"], scope["scheme"], scope["subprotocols"]) == ("websocket", socket, ["a", "b"])
    assert "method" not in scope
    assert "websocket.http.response" in scope["extensions"]


@pytest.mark.parametrize(
    ("target", "raw"),
    [("http://a.test/app/b?c", b"/app/b"), ("HTTPS://a.test", b"/"), ("/app/b", b"/app/b")],
)
def test_the_path_as_the_client_wrote_it(target: str, raw: bytes) -> None:
    assert http_scope(request(target=target), "b", {})["raw_path"] == raw


def test_a_peer_on_a_unix_socket() -> None:
    scope = http_scope(request(peer=Peer("http", "/run/a.sock")), "b", {})
    assert (scope["client"], scope["server"]) == (None, None)


def test_what_is_known_of_tls() -> None:
    assert http_scope(request(), "b", {})["extensions"] == {}
    scope = http_scope(request(scheme="https"), "b", {})
    assert scope["extensions"]["tls"]["client_cert_name"] is None
    assert websocket_scope(request(scheme="https"), "b", {}, ())["extensions"]["tls"] == {
        "server_cert": None,
        "client_cert_chain": [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("ann", "CN=ann"),
        ("Doe, Ann", r"CN=Doe\, Ann"),
        ('a"b+c;d<e>f\\g', r"CN=a\"b\+c\;d\<e\>f\\g"),
        (" ann ", r"CN=\ ann\ "),
        (" ", r"CN=\ "),
        ("#1", r"CN=\#1"),
        ("a\0b", r"CN=a\00b"),
        ("", "CN="),
    ],
)
def test_whose_certificate_it_is(subject: str, name: str) -> None:
    certificate = Certificate(subject, (), "ab", datetime(2030, 1, 1, tzinfo=UTC))
    peer = Peer("https", "192.0.2.7", 5, subject, certificate)
    scope = http_scope(request(scheme="https", peer=peer), "b", {})
    assert scope["extensions"]["tls"]["client_cert_name"] == name
