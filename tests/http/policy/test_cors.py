from __future__ import annotations

import pytest

from protocols.http import Entry, HTTPError, Request, RespondRoute, Response, function_route
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.cors import CORSRoute, checked_origin
from protocols.http.policy.headers import HeadersRoute

APP = "https://app.example.org"


def inner(text: str = "a"):
    return CollectingRoute(RespondRoute(text), 10)


def preflight(client, origin: str = APP, method: str = "GET", path: str = "/f", **more: str):
    return client.ask("OPTIONS", path, Origin=origin, Access_Control_Request_Method=method, **more)


def test_an_origin_that_may(connect) -> None:
    client = connect({"/f": CORSRoute(inner(), [APP], expose=["X-A", "X-B"])})
    answer = client.ask("GET", "/f", Origin=APP)
    assert answer.body == b"a"
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Expose-Headers"] == "X-A, X-B"
    assert answer.headers["Access-Control-Allow-Credentials"] is None
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example.org", APP + ":8443", "null", APP + ".evil.example"]
)
def test_one_that_may_not(connect, origin: str) -> None:
    client = connect({"/f": CORSRoute(inner(), [APP])})
    for answer in (client.ask("GET", "/f", Origin=origin), preflight(client, origin)):
        assert answer.headers["Access-Control-Allow-Origin"] is None
        assert answer.headers["Access-Control-Allow-Methods"] is None
        assert "Origin" in answer.headers.get_all("Vary")


def test_without_an_origin_caches_are_told_all_the_same(connect) -> None:
    answer = connect({"/f": CORSRoute(inner(), [APP])}).ask("GET", "/f")
    assert (answer.headers["Vary"], answer.headers["Access-Control-Allow-Origin"]) == ("Origin", None)


def test_every_origin(connect) -> None:
    answer = connect({"/f": CORSRoute(inner(), ["*"])}).ask("GET", "/f", Origin="null")
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == ("*", None)


def test_never_credentials_for_every_origin() -> None:
    with pytest.raises(ValueError, match="credentials"):
        CORSRoute(inner(), ["*"], credentials=True)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a.example.org", True),
        ("https://a.b.example.org", True),
        ("https://example.org", False),
        ("https://.example.org", False),
        ("https://evil.com/.example.org", False),
        ("https://evil.com?.example.org", False),
        ("https://a@b.example.org", False),
        ("http://a.example.org", False),
        ("https://", False),
    ],
)
def test_every_name_below_one(connect, origin: str, allowed: bool) -> None:
    client = connect({"/f": CORSRoute(inner(), ["https://*.example.org"])})
    said = client.ask("GET", "/f", Origin=origin).headers["Access-Control-Allow-Origin"]
    assert said == (origin if allowed else None)


def test_a_preflight(connect) -> None:
    route = CORSRoute(inner(), [APP], headers=["X-A"], credentials=True, max_age=60)
    answer = preflight(connect({"/f": route}), Access_Control_Request_Headers="x-a")
    assert (answer.status, answer.body) == (204, b"")
    said = {name: answer.headers[f"Access-Control-{name}"] for name in ("Allow-Methods", "Max-Age")}
    assert said == {"Allow-Methods": "GET, HEAD", "Max-Age": "60"}
    assert answer.headers["Access-Control-Allow-Headers"] == "X-A"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Request-Headers" in ", ".join(answer.headers.get_all("Vary"))


def test_any_header_may_be_set(connect) -> None:
    client = connect({"/f": CORSRoute(inner(), [APP], headers=["*"])})
    assert preflight(client).headers["Access-Control-Allow-Headers"] is None
    answer = preflight(client, Access_Control_Request_Headers="x-a,content-type")
    assert answer.headers["Access-Control-Allow-Headers"] == "x-a,content-type"
    assert (
        preflight(client, Access_Control_Request_Headers="x(a").headers["Access-Control-Allow-Headers"]
        is None
    )


def test_a_preflight_is_for_the_route_of_what_follows(connect) -> None:
    entries = [
        Entry(CORSRoute(inner(), [APP], methods=["GET"]), ("GET",)),
        Entry(CORSRoute(CollectingRoute(Posts(), 9), [APP]), ("POST",)),
    ]
    client = connect({"/f": entries})
    assert preflight(client).headers["Access-Control-Allow-Methods"] == "GET"
    assert preflight(client, method="POST").headers["Access-Control-Allow-Methods"] == "POST"


def test_a_preflight_for_what_no_route_answers(connect) -> None:
    client = connect({"/f": CORSRoute(inner(), [APP])})
    answer = preflight(client, method="DELETE")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, None)
    assert preflight(client, path="/missing").status == 404


def test_a_preflight_through_other_policies(connect) -> None:
    client = connect({"/f": HeadersRoute(CORSRoute(inner(), [APP]), {"X-A": "a"})})
    answer = preflight(client)
    assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["X-A"]) == (APP, "a")


def test_other_options_are_answered_as_ever(connect) -> None:
    answer = connect({"/f": CORSRoute(inner(), [APP])}).ask("OPTIONS", "/f")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_without_this_policy_a_function_answers_its_preflights_itself(connect, clock, journal) -> None:
    def own(request: Request) -> Response:
        return Response(status=204, headers=[("Access-Control-Allow-Origin", "own")])

    client = connect({"/f": function_route(own, reactor=clock, journal=journal, run="loop")})
    assert preflight(client).headers["Access-Control-Allow-Origin"] == "own"


def test_what_the_route_says_itself_gives_way(connect, clock, journal) -> None:
    def own(request: Request) -> Response:
        return Response("a", headers=[("access-control-allow-origin", "*"), ("Vary", "Accept")])

    route = CollectingRoute(function_route(own, reactor=clock, journal=journal, run="loop"), 9)
    headers = connect({"/f": CORSRoute(route, [APP])}).ask("GET", "/f", Origin=APP).headers
    assert headers.get_all("Access-Control-Allow-Origin") == [APP]
    assert headers.get_all("Vary") == ["Accept", "Origin"]


def test_errors_can_be_read_by_scripts(connect, clock, journal) -> None:
    def refuse(request: Request) -> Response:
        raise HTTPError(403, "no")

    route = CollectingRoute(function_route(refuse, reactor=clock, journal=journal, run="loop"), 9)
    answer = connect({"/f": CORSRoute(route, [APP])}).ask("GET", "/f", Origin=APP)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, APP)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HTTPS://App.Example.org/", APP),
        (APP + ":443", APP),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_origins_are_compared_as_browsers_write_them(written: str, meant: str) -> None:
    assert checked_origin(written) == meant


@pytest.mark.parametrize(
    "written", ["null", "app.example.org", APP + "/app", "ftp://a", "https://", "https://*"]
)
def test_what_is_no_origin(written: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        checked_origin(written)


class Posts:
    methods = ("POST",)
    subtree = False
    streams = False

    def respond(self, request, rest):
        return Response("posted")

    def stop(self) -> None:
        pass
