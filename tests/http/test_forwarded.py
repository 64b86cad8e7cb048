from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, UNIXAddress

from protocols.http import Headers, Request, RequestHead, Response, function_route
from protocols.http.forwarded import HOPS, TrustedProxies
from protocols.networks import Networks
from protocols.session import Credentials, Peer

PROXY, CLIENT = "10.0.0.1", "203.0.113.5"
NETWORKS = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def applied(
    *fields: tuple[str, str], peer: str = PROXY, style: str = "x-forwarded", unix: bool = False
) -> RequestHead:
    request = RequestHead("GET", "/", headers=Headers(fields), peer=Peer("http", peer, 99), host="inner")
    TrustedProxies(Networks(NETWORKS, unix=unix), style=style).apply(request)
    return request


def host(*values: str, **more) -> str:
    return applied(*(("X-Forwarded-For", value) for value in values), **more).peer.host


def forwarded(*values: str, **more) -> RequestHead:
    return applied(*(("Forwarded", value) for value in values), style="forwarded", **more)


def test_the_client_of_a_trusted_proxy() -> None:
    request = applied(
        ("X-Forwarded-For", CLIENT), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.test:8443")
    )
    assert (request.peer, request.scheme, request.host) == (Peer("https", CLIENT), "https", "a.test:8443")


def test_nobody_else_is_believed() -> None:
    request = applied(("X-Forwarded-For", CLIENT), ("X-Forwarded-Proto", "https"), peer="192.0.2.1")
    assert (request.peer, request.scheme, request.host) == (Peer("http", "192.0.2.1", 99), "http", "inner")
    assert host(CLIENT, peer="") == ""


def test_the_client_of_a_unix_socket() -> None:
    for path in ("", "/run/proxy.sock"):
        assert host(CLIENT, peer=path, unix=True) == CLIENT
    assert host(CLIENT, peer="192.0.2.1", unix=True) == "192.0.2.1"


def test_what_a_client_wrote_itself_counts_for_nothing() -> None:
    assert host(f"1.1.1.1, {CLIENT}") == CLIENT
    assert host("1.1.1.1", CLIENT) == CLIENT
    assert host(f"10.0.0.7, {CLIENT}, 10.0.0.2") == CLIENT
    assert host(f"garbage, , {CLIENT}") == CLIENT


def test_proxies_are_looked_past() -> None:
    assert host(f"{CLIENT}, 10.0.0.3, fd00::2") == CLIENT
    assert host("10.0.0.9, 10.0.0.3") == "10.0.0.9"
    assert host(", ".join([CLIENT] + ["10.0.0.2"] * (HOPS + 5))) == "10.0.0.2"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:203.0.113.5", CLIENT),
        ("2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_addresses(written: str, meant: str) -> None:
    assert host(written) == meant


def test_ports() -> None:
    assert applied(("X-Forwarded-For", f"{CLIENT}:4711")).peer == Peer("http", CLIENT, 4711)
    assert applied(("X-Forwarded-For", "[2001:db8::1]:4711")).peer == Peer("http", "2001:db8::1", 4711)


@pytest.mark.parametrize(
    "written",
    [
        "",
        ",",
        "garbage",
        "1.2.3",
        "1.2.3.256",
        f"{CLIENT}:99999",
        "fe80::1%eth0",
        "[::1",
        f"{CLIENT}\t x",
    ],
)
def test_what_makes_no_sense_is_left_alone(written: str) -> None:
    assert host(written) == PROXY
    assert forwarded(f"for={written}").peer.host == PROXY


def test_a_scheme_or_host_that_makes_no_sense_is_left_alone() -> None:
    # It is the client who has chosen them: it must not be taken for the proxy because of that.
    for name, value in (
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Host", "a b"),
        ("X-Forwarded-Host", "a/b"),
        ("X-Forwarded-Host", "a!b"),
    ):
        request = applied(("X-Forwarded-For", CLIENT), (name, value))
        assert (request.peer.host, request.scheme, request.host) == (CLIENT, "http", "inner")
    assert forwarded(f'for={CLIENT};proto=gopher;host="a!b"').peer.host == CLIENT


@pytest.mark.parametrize("written", ["garbage", "unknown", "1.2.3.4:99999"])
def test_who_asks_a_proxy_that_others_come_by_is_the_last_that_is_known(written: str) -> None:
    assert host(f"{written}, 10.0.0.9") == "10.0.0.9"


@pytest.mark.parametrize("written", ["garbage", "unknown", "unix:", None])
def test_somebody_unknown_is_not_taken_for_the_account_of_the_proxy(written: str | None) -> None:
    proxy = Peer("http", "", 0, "www-data", None, Credentials(33, 33, 1))
    fields = [] if written is None else [("X-Forwarded-For", written)]
    request = RequestHead("GET", "/", headers=Headers(fields), peer=proxy)
    TrustedProxies(Networks(unix=True)).apply(request)
    assert request.peer == (proxy if written is None else Peer("http", ""))


def test_a_proxy_that_says_the_scheme_only() -> None:
    request = applied(("X-Forwarded-Proto", "https"))
    assert (request.peer.host, request.scheme) == (PROXY, "https")


def test_lists_of_schemes_go_with_the_addresses() -> None:
    both = ("X-Forwarded-For", f"{CLIENT}, 10.0.0.2")
    assert applied(both, ("X-Forwarded-Proto", "https, http")).scheme == "https"
    assert applied(both, ("X-Forwarded-Proto", "https")).scheme == "https"
    # Three schemes for two addresses: the last proxy's word.
    assert applied(both, ("X-Forwarded-Proto", "https, https, http")).scheme == "http"


def test_only_the_fields_that_the_proxies_write() -> None:
    assert applied(("Forwarded", f"for={CLIENT}")).peer.host == PROXY
    assert applied(("X-Forwarded-For", CLIENT), style="forwarded").peer.host == PROXY


def test_forwarded() -> None:
    request = forwarded(f'for={CLIENT};proto=https;host="a.test:8443";by=_proxy')
    assert (request.peer, request.scheme, request.host) == (Peer("https", CLIENT), "https", "a.test:8443")
    assert forwarded('For="[2001:db8::1]:4711"').peer == Peer("http", "2001:db8::1", 4711)


def test_forwarded_from_the_right() -> None:
    assert forwarded("for=1.1.1.1", f"for={CLIENT}, for=10.0.0.2").peer.host == CLIENT
    request = forwarded(
        f"for=1.1.1.1;proto=https;host=evil, for={CLIENT};proto=http, for=10.0.0.2;proto=https"
    )
    assert (request.peer.host, request.scheme, request.host) == (CLIENT, "http", "inner")


@pytest.mark.parametrize(
    "client", ['for="1.1.1.1', 'for="x";y="', "garbage", ",,,", 'for=a"', "for=1.1.1.1;for=2.2.2.2", '\\", "']
)
@pytest.mark.parametrize("proxy", [f"for={CLIENT}", 'for="203.0.113.5:1"', f'host="a.test";for={CLIENT}'])
def test_a_client_cannot_break_what_its_proxy_says(client: str, proxy: str) -> None:
    assert forwarded(f"{client}, {proxy}").peer.host == CLIENT
    assert forwarded(f"{client}, {proxy}, for=10.0.0.2").peer.host == CLIENT


def test_a_comma_in_quotes() -> None:
    request = forwarded(f'for={CLIENT};ext="a, b, for=6.6.6.6"')
    assert request.peer.host == CLIENT


def test_a_proxy_that_does_not_tell() -> None:
    for node in ("unknown", "_hidden", '"_hidden:_port"', '"unknown:4711"'):
        request = forwarded(f"for=1.1.1.1, for={node};proto=https")
        assert (request.peer.host, request.scheme) == (PROXY, "https")


@given(st.text(alphabet='for=1.,;" \\[]:host_unkw\t', max_size=60))
def test_nothing_a_client_writes_gets_past_its_proxy(text: str) -> None:
    assert forwarded(f"{text}, for={CLIENT}").peer.host == CLIENT
    assert host(f"{text}, {CLIENT}") == CLIENT


def test_hostile_lists_cost_little() -> None:
    long = 'for="' + "," * 30_000
    assert forwarded(f"{long}, for={CLIENT}").peer.host == CLIENT
    assert forwarded(long).peer.host == PROXY


def who(request: Request) -> Response:
    return Response(f"{request.peer.host} {request.scheme} {request.host}")


@pytest.fixture
def serve_behind(connect, clock, journal):
    def serve_behind(peer, **settings):
        route = function_route(who, reactor=clock, journal=journal, run="loop")
        proxies = Networks(NETWORKS, **settings)
        return connect({"/f": route}, trusted=TrustedProxies(proxies), peer=peer)

    return serve_behind


def test_a_route_sees_the_client(serve_behind) -> None:
    client = serve_behind(IPv4Address("TCP", PROXY, 1))
    asked = {"X_Forwarded_For": CLIENT, "X_Forwarded_Proto": "https", "X_Forwarded_Host": "b.test"}
    assert client.ask("GET", "/f", **asked).body == f"{CLIENT} https b.test".encode()
    assert client.ask("GET", "/f").body == f"{PROXY} http a.test".encode()


def test_a_route_sees_the_client_of_a_unix_socket(serve_behind) -> None:
    client = serve_behind(UNIXAddress(None), unix=True)
    assert client.ask("GET", "/f", X_Forwarded_For=CLIENT).body == f"{CLIENT} http a.test".encode()


def test_without_trust_nothing_is_read(connect, clock, journal) -> None:
    client = connect({"/f": function_route(who, reactor=clock, journal=journal, run="loop")})
    assert client.ask("GET", "/f", X_Forwarded_For=CLIENT).body == b"192.0.2.7 http a.test"
