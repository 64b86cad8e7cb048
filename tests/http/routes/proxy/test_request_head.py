from __future__ import annotations

import pytest

from protocols.http import Headers, HTTPError, Request
from protocols.http.routes.proxy.request_head import request_head
from protocols.session import Peer


def head(*fields: tuple[str, str], peer: Peer | None = None, append: bool = False, **rest) -> list[str]:
    """The lines of the head."""
    settings = {"method": "GET", "host": "a.test", **rest}
    method, host, length = settings.pop("method"), settings.pop("host"), settings.pop("length", 0)
    peer = peer or Peer("http", "192.0.2.7", 4321)
    request = Request(method, "/", headers=Headers(fields), peer=peer, host=host)
    written = request_head(request, b"/", host or "origin.test", length=length, append=append, **settings)
    *lines, empty, end = written.decode("latin-1").split("\r\n")
    assert (empty, end) == ("", "")
    return lines


def values(lines: list[str], name: str) -> list[str]:
    return [line.partition(": ")[2] for line in lines if line.lower().startswith(name.lower() + ":")]


def test_fields_for_one_connection_stay_there() -> None:
    dropped = [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
    ]
    dropped += ["Transfer-Encoding", "Content-Length", "Expect", "HTTP2-Settings", "Proxy", "X-Real-IP"]
    dropped += ["X_Real_IP", "x_forwarded_for", "X-Forwarded-Anything", "Content_Length"]
    lines = head(*((name, "close") for name in dropped), ("Accept", "a/b"), ("Cookie", "a=b"))
    names = [line.partition(":")[0].lower() for line in lines[1:]]
    ours = ["via", "x-request-id", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]
    assert names == ["host", "accept", "cookie", *ours]


def test_fields_that_connection_names_too() -> None:
    lines = head(
        ("Connection", "close, X-A,x-forwarded-for"), ("X-A", "1"), ("X-B", "2"), ("Connection", "x-c")
    )
    assert (values(lines, "x-a"), values(lines, "x-b")) == ([], ["2"])
    assert values(lines, "x-forwarded-for") == ["192.0.2.7"]


def test_via_grows() -> None:
    assert values(head(("Via", "1.0 a"), ("Via", "1.1 b")), "via") == ["1.0 a, 1.1 b, 1.1 polyport"]


SPOOFED = [
    ("Forwarded", "for=1.2.3.4"),
    ("X-Forwarded-For", "1.2.3.4"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "b.test"),
]


def test_what_a_client_says_of_itself_is_replaced() -> None:
    lines = head(*SPOOFED)
    assert values(lines, "forwarded") == ['for=192.0.2.7;proto=http;host="a.test"']
    assert values(lines, "x-forwarded-for") == ["192.0.2.7"]
    assert values(lines, "x-forwarded-proto") == ["http"]
    assert values(lines, "x-forwarded-host") == ["a.test"]


def test_what_a_proxy_says_of_its_client_is_kept() -> None:
    lines = head(*SPOOFED, append=True)
    assert values(lines, "forwarded") == ['for=1.2.3.4, for=192.0.2.7;proto=http;host="a.test"']
    assert values(lines, "x-forwarded-for") == ["1.2.3.4, 192.0.2.7"]
    assert values(lines, "x-forwarded-proto") == ["https"]
    assert values(lines, "x-forwarded-host") == ["b.test"]


@pytest.mark.parametrize(
    ("peer", "node", "x"),
    [
        (Peer("http", "2001:db8::1", 9), '"[2001:db8::1]"', ["2001:db8::1"]),
        (Peer("http", "fe80::1%eth0", 9), '"[fe80::1]"', ["fe80::1"]),
        (Peer("http", "192.0.2.9"), "192.0.2.9", ["192.0.2.9"]),  # as a proxy has told us
        (Peer("http", "/run/client.sock"), "unknown", []),
        (Peer("http", ""), "unknown", []),
    ],
)
def test_who_asks(peer: Peer, node: str, x: list[str]) -> None:
    lines = head(peer=peer)
    assert values(lines, "forwarded") == [f'for={node};proto=http;host="a.test"']
    assert values(lines, "x-forwarded-for") == x


def test_a_host_cannot_add_to_what_is_forwarded() -> None:
    lines = head(host='a";for="6.6.6.6')
    assert values(lines, "forwarded") == ['for=192.0.2.7;proto=http;host="a\\";for=\\"6.6.6.6"']


@pytest.mark.parametrize(
    ("method", "length", "expected"),
    [
        ("GET", 0, []),
        ("GET", 5, ["Content-Length: 5"]),
        ("POST", 0, ["Content-Length: 0"]),
        ("POST", None, ["Transfer-Encoding: chunked"]),
        ("DELETE", 0, []),
    ],
)
def test_there_is_one_framing_at_most(method: str, length: int | None, expected: list[str]) -> None:
    lines = head(("Content-Length", "7"), ("Transfer-Encoding", "chunked"), method=method, length=length)
    assert [line for line in lines if line.startswith(("Content-", "Transfer-"))] == expected


def test_an_upgrade_is_asked_for_in_our_words() -> None:
    lines = head(("Connection", "Upgrade, X-A"), ("Upgrade", "h2c"), ("X-A", "1"), upgrade=b"websocket")
    assert (values(lines, "upgrade"), values(lines, "connection")) == (["websocket"], ["Upgrade"])
    assert values(lines, "x-a") == []


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
def test_no_field_begins_another(bad: str) -> None:
    for attempt in (lambda: head(("X-A", bad)), lambda: head(("Via", bad)), lambda: head(host=bad)):
        with pytest.raises(HTTPError) as raised:
            attempt()
        assert raised.value.status == 400


@pytest.mark.parametrize("name", ["a b", "a:b", "a\r\nX", ""])
def test_what_is_no_name_is_dropped(name: str) -> None:
    assert not any("secret" in line for line in head((name, "secret")))


def test_who_the_client_has_proved_to_be() -> None:
    own = [("X-Remote-User", "mallory"), ("x_remote_user", "mallory"), ("Connection", "X-Remote-User")]
    for identity in ("X-Remote-User", "x_remote_user"):
        lines = head(*own, peer=Peer("http", "192.0.2.7", 1, "Ren\u00e9"), identity=identity)
        assert [line for line in lines if "user" in line.lower()] == [f"{identity}: Ren\u00c3\u00a9"]
        assert not [line for line in head(*own, identity=identity) if "user" in line.lower()]
    assert values(head(("X-Remote-User", "whoever")), "X-Remote-User") == ["whoever"]


@pytest.mark.parametrize("user", ["a\r\nb", "a\0b", "a\tb"])
def test_a_user_cannot_add_to_what_is_said(user: str) -> None:
    with pytest.raises(HTTPError, match="name of the user"):
        head(peer=Peer("https", "192.0.2.7", 1, user), identity="X-Remote-User")
