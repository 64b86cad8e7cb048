from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.http import Headers, Query, Request
from protocols.http.routes.wsgi.environ import environ_of
from protocols.http.target import split_mount
from protocols.session import Certificate, Peer


def environ(path: str = "/app/", rest: str = "", length: int | None = 0, **about: object) -> dict:
    headers = Headers(about.pop("headers", ()))
    query = Query(about.pop("query", ""))
    return environ_of(Request(about.pop("method", "GET"), path, query, headers, **about), rest, length)


@pytest.mark.parametrize(
    ("path", "rest", "script", "info"),
    [
        ("/app/", "", "/app", "/"),
        ("/app/a/b", "a/b", "/app", "/a/b"),
        ("/app/a//", "a//", "/app", "/a//"),
        ("/", "", "", "/"),
        ("/a/b/", "a/b/", "", "/a/b/"),
        ("/hook", "", "/hook", ""),
    ],
)
def test_where_it_is_mounted(path: str, rest: str, script: str, info: str) -> None:
    made = environ(path, rest)
    assert (made["SCRIPT_NAME"], made["PATH_INFO"]) == (script, info)
    assert split_mount(path, rest) == (script, info)


def test_text_is_its_bytes() -> None:
    made = environ("/app/caf\u00e9", "caf\u00e9", peer=Peer("http", "192.0.2.7", 4, user="ren\u00e9"))
    assert made["PATH_INFO"].encode("latin-1").decode() == "/caf\u00e9"
    assert made["REMOTE_USER"].encode("latin-1").decode() == "ren\u00e9"


def test_headers() -> None:
    made = environ(
        headers=[
            ("X-A", "1"),
            ("x-a", "2"),
            ("X_B", "forged"),
            ("Cookie", "a=1"),
            ("Cookie", "b=2"),
            ("Proxy", "http://evil.test"),
            ("Content-Type", "text/plain"),
            ("Content-Length", "77"),
        ],
        query="a=%20b&c",
    )
    assert made["HTTP_X_A"] == "1, 2"
    assert made["HTTP_COOKIE"] == "a=1; b=2"
    assert made["CONTENT_TYPE"] == "text/plain"
    assert made["QUERY_STRING"] == "a=%20b&c"
    assert not {"HTTP_X_B", "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & made.keys()


@pytest.mark.parametrize(
    ("method", "length", "said"),
    [("GET", 0, None), ("POST", 0, "0"), ("PUT", 5, "5"), ("GET", 5, "5"), ("POST", None, None)],
)
def test_the_length_is_told_where_it_is_known(method: str, length: int | None, said: str | None) -> None:
    assert environ(method=method, length=length).get("CONTENT_LENGTH") == said


@pytest.mark.parametrize(
    ("scheme", "host", "name", "port"),
    [
        ("http", "a.test", "a.test", "80"),
        ("https", "a.test", "a.test", "443"),
        ("http", "a.test:81", "a.test", "81"),
        ("http", "[::1]:81", "[::1]", "81"),
        ("http", "[::1]", "[::1]", "80"),
        ("http", "a.test:", "a.test", "80"),
        ("http", "", "localhost", "80"),
    ],
)
def test_what_the_client_asked_for(scheme: str, host: str, name: str, port: str) -> None:
    made = environ(scheme=scheme, host=host)
    assert (made["SERVER_NAME"], made["SERVER_PORT"], made["wsgi.url_scheme"]) == (name, port, scheme)
    assert made.get("HTTP_HOST", "") == host


@pytest.mark.parametrize("host", ["", "/run/a.sock", "@name"])
def test_a_peer_without_an_address(host: str) -> None:
    made = environ(peer=Peer("http", host))
    assert made["REMOTE_ADDR"] == ""
    assert not {"REMOTE_PORT", "REMOTE_USER", "HTTPS"} & made.keys()


def test_a_peer_with_a_certificate() -> None:
    certificate = Certificate("Ren\u00e9", (), "ab", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    made = environ(scheme="https", peer=Peer("https", "2001:db8::1", 5, certificate=certificate))
    assert (made["REMOTE_ADDR"], made["REMOTE_PORT"], made["HTTPS"]) == ("2001:db8::1", "5", "on")
    assert made["SSL_CLIENT_VERIFY"] == "SUCCESS"
    assert made["SSL_CLIENT_S_DN_CN"].encode("latin-1").decode() == "Ren\u00e9"
    assert made["SSL_CLIENT_V_END"] == "Jan 02 03:04:05 2030 UTC"
    assert environ(scheme="https")["SSL_CLIENT_VERIFY"] == "NONE"
