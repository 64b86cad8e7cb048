"""What scripts are told, where no request needs to be made for it."""

from __future__ import annotations

import pytest

from protocols.http import Headers, Query, RequestHead
from protocols.http.routes.cgi.command_line import query_words
from protocols.http.routes.cgi.metavariables import Surroundings, metavariables
from protocols.http.routes.cgi.script import Script
from protocols.session import Peer

SCRIPT = Script(("/s/run",), "/s", "run", "/info", "/s/run", True)


def told(script: Script = SCRIPT, rest: str = "run/info", path: str = "/cgi/run/info", **request):
    settings = {key: request.pop(key) for key in ("environment", "authorization") if key in request}
    length = request.pop("length", 0)
    headers = Headers(request.pop("headers", ()))
    method = request.pop("method", "GET")
    query = Query(request.pop("query", ""))
    head = RequestHead(method, path, query, headers, **request)
    surroundings = Surroundings(
        "/docs", settings.get("environment", {}), settings.get("authorization", False)
    )
    found = metavariables(head, script, rest, length, surroundings)
    return {name.decode(): value.decode("latin-1") for name, value in found.items()}


@pytest.mark.parametrize(
    ("host", "scheme", "name", "port"),
    [
        ("a.test", "http", "a.test", "80"),
        ("a.test", "https", "a.test", "443"),
        ("a.test:8080", "http", "a.test", "8080"),
        ("a.test:", "https", "a.test", "443"),
        ("[::1]:8443", "https", "[::1]", "8443"),
        ("[::1]", "http", "[::1]", "80"),
        ("", "http", "localhost", "80"),
    ],
)
def test_the_server(host: str, scheme: str, name: str, port: str) -> None:
    found = told(host=host, scheme=scheme)
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == (name, port)
    assert found.get("HTTPS") == ("on" if scheme == "https" else None)
    assert found["REQUEST_SCHEME"] == scheme


@pytest.mark.parametrize(
    ("version", "protocol"), [("1.0", "HTTP/1.0"), ("1.1", "HTTP/1.1"), ("2", "HTTP/2.0")]
)
def test_the_protocol(version: str, protocol: str) -> None:
    assert told(version=version)["SERVER_PROTOCOL"] == protocol


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (Peer("http", "2001:db8::1", 7), {"REMOTE_ADDR": "2001:db8::1", "REMOTE_PORT": "7"}),
        (Peer("http"), {"REMOTE_ADDR": "unix:"}),
        (Peer("http", "/run/x.sock"), {"REMOTE_ADDR": "unix:"}),
        (Peer("http", "192.0.2.1", 1, "eve"), {"REMOTE_USER": "eve", "AUTH_TYPE": "Certificate"}),
    ],
)
def test_the_client(peer: Peer, expected: dict[str, str]) -> None:
    found = told(peer=peer)
    assert expected.items() <= found.items()
    assert found["REMOTE_HOST"] == found["REMOTE_ADDR"]
    assert ("REMOTE_USER" in found) == (peer.user is not None)


def test_the_user_and_the_secret() -> None:
    peer = Peer("http", "192.0.2.1", 1, "eve")
    headers = [("Authorization", "Basic eA=="), ("Proxy-Authorization", "Basic eA==")]
    found = told(peer=peer, headers=headers)
    assert (found["AUTH_TYPE"], found["REMOTE_USER"]) == ("Basic", "eve")
    assert not [name for name in found if "AUTHORIZATION" in name]
    assert told(headers=headers, authorization=True)["HTTP_AUTHORIZATION"] == "Basic eA=="
    # Nobody has checked it, so it is nobody's name.
    assert not {"AUTH_TYPE", "REMOTE_USER"} & set(told(headers=headers))


def test_fields() -> None:
    headers = [
        ("A-b", "1"),
        ("A_B", "2"),
        ("a-B", "3"),
        ("Proxy", "x"),
        ("TE", "x"),
        ("A.b", "4"),
        ("É", "5"),
    ][:-1]
    found = told(headers=headers)
    assert found["HTTP_A_B"] == "1, 3"
    assert [name for name in found if name.startswith("HTTP_")] == ["HTTP_A_B", "HTTP_X_REQUEST_ID"]


def test_there_is_always_a_query_and_only_sometimes_a_length() -> None:
    found = told()
    assert found["QUERY_STRING"] == ""
    assert "CONTENT_LENGTH" not in found
    assert told(length=3)["CONTENT_LENGTH"] == "3"


def test_paths() -> None:
    found = told()
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/cgi/run", "/info")
    assert found["PATH_TRANSLATED"] == "/docs/info"
    without = told(Script(("/s/run",), "/s", "run", "", "/s/run", True), "run", "/cgi/run")
    assert not {"PATH_INFO", "PATH_TRANSLATED"} & set(without)


def test_what_is_named_wins() -> None:
    found = told(environment={"PATH": "/x", "SERVER_NAME": "b.test", "HTTP_A": "c"}, headers=[("A", "b")])
    assert (found["PATH"], found["SERVER_NAME"], found["HTTP_A"]) == ("/x", "b.test", "c")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ()),
        ("one", ("one",)),
        ("one+two", ("one", "two")),
        ("a%2Bb+c%3Dd", ("a+b", "c=d")),
        ("a=b", ()),
        ("a+b=c", ()),
        ("-s", ()),
        ("a+-s", ()),
        ("%2Ds", ()),
        ("a%0Ab", ()),
        ("%00", ()),
        ("%ff", ()),
        ("+".join("a" * 101), ()),
    ],
)
def test_words_of_a_query(query: str, words: tuple[str, ...]) -> None:
    assert query_words(RequestHead("GET", "/", Query(query))) == words
    assert query_words(RequestHead("POST", "/", Query(query))) == ()
