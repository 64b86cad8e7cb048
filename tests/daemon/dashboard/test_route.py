"""The route, whole."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.route import DashboardRoute
from protocols.daemon.dashboard.token import COOKIE
from protocols.daemon.dashboard.visitors import Visitors
from protocols.http import Headers, HTTPError, Query, Request
from protocols.session import Peer

NEAR = Peer("http", "127.0.0.1", 4321)
FORM = "application/x-www-form-urlencoded"
TOKEN = "t" * 43


@pytest.fixture
def route(operations, clock):
    def route(**settings):
        return DashboardRoute("here", lambda: operations, clock, Visitors(), **settings)

    return route


def ask(route, rest="", query="", method="GET", peer=NEAR, **fields):
    """The response, or the error."""
    body = fields.pop("body", b"")
    headers = Headers([(name.replace("_", "-"), value) for name, value in fields.items()])
    request = Request(method, f"/{rest}", Query(query), headers, body, peer=peer, host="localhost:8080")
    found = []
    try:
        outcome = route.respond(request, rest)
    except HTTPError as error:
        return error
    if isinstance(outcome, Deferred):
        outcome.addErrback(lambda failure: failure.value).addCallback(found.append)
        return found[0] if found else None
    return outcome


def post(route, accept="application/json", cookie=TOKEN, **form):
    fields = {"token": TOKEN, **form}
    return ask(
        route,
        "do",
        method="POST",
        Content_Type=FORM,
        Accept=accept,
        Cookie=f"{COOKIE}={cookie}",
        body=urlencode(fields).encode(),
    )


def headers(response):
    return dict(response.headers)


def test_the_page_and_what_it_needs(route):
    page = ask(route())
    assert (page.status, page.content_type) == (200, "text/html; charset=utf-8")
    text = page.content.decode()
    assert "<title>here · Polyport</title>" in text
    for name in re.findall(r'(?:src|href)="(\w+\.\w+)"', text):
        assert ask(route(), name).status == 200


@pytest.mark.parametrize("rest", ["", "page.css", "page.js", "icon.svg", "events"])
def test_what_protects_it(route, rest):
    answer = ask(route(), rest)
    given = headers(answer)
    policy = given["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in given["Content-Security-Policy"]
    assert given["X-Frame-Options"] == "DENY"
    assert given["X-Content-Type-Options"] == "nosniff"
    assert given["Referrer-Policy"] == "same-origin"
    assert given["Cache-Control"] == "no-store"
    if rest == "events":
        answer.content.close()


@pytest.mark.parametrize("rest", ["", "page.css", "page.js", "events", "do", "nowhere"])
def test_nothing_of_it_is_for_others(route, rest):
    refused = ask(route(), rest, peer=Peer("http", "192.0.2.7"), method="POST" if rest == "do" else "GET")
    assert (refused.status, "auth" in refused.detail) == (403, True)


def test_what_there_is_not(route):
    assert ask(route(), "other").status == 404
    assert ask(route(), query="service=other").status == 404
    refused = ask(route(), method="POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    refused = ask(route(), "do")
    assert (refused.status, refused.headers["Allow"]) == (405, "POST, OPTIONS")


def test_the_page_of_a_service(route, operations, made):
    operations.open = [made.connection(peer="192.0.2.99:1")]
    page = ask(route(), query="service=shout").content.decode()
    assert "192.0.2.99:1" in page
    operations.open = OperationError("busy")


def test_the_page_of_a_service_whose_connections_are_not_known(route, operations):
    operations.open = OperationError("busy")
    assert "It is not known which there are." in ask(route(), query="service=shout").content.decode()


def test_a_daemon_that_cannot_say(route, operations, failures):
    operations.now = OperationError("a worker is gone")
    error = ask(route())
    assert (error.status, error.detail) == (503, "a worker is gone")
    operations.now = KeyError("x")
    assert ask(route()).status == 503
    failures.take(KeyError)


def test_head(route):
    assert ask(route(), method="HEAD").status == 200
    answer = ask(route(), "events", method="HEAD")
    assert (answer.content_type, answer.content) == ("text/event-stream", b"")


def test_events(route, clock):
    answer = ask(route(), "events")
    assert answer.content_type == "text/event-stream"
    assert answer.content.read() == b"retry: 2000\n\n"
    assert answer.content.read().startswith(b"event: state\n")
    answer.content.close()
    assert clock.getDelayedCalls() == []


def test_a_tap_needs_leave(route, operations):
    refused = ask(route(), "events", "service=shout&tap=on")
    assert (refused.status, "tap: true" in refused.detail) == (403, True)
    answer = ask(route(tap=True), "events", "service=shout&tap=on")
    assert set(operations.taps) == {"shout"}
    answer.content.close()


def test_a_service_that_stops(route, clock):
    one = route()
    answer = ask(one, "events")
    one.drain()
    assert answer.content.read() == b"retry: 2000\n\n"
    assert answer.content.read() is None
    answer.content.close()
    one.stop()
    assert clock.getDelayedCalls() == []


# -- what is done ------------------------------------------------------------------------------------


def test_nothing_is_done_without_leave(route, operations):
    refused = post(route(), reload="all")
    assert (refused.status, "actions: true" in refused.detail) == (403, True)
    assert operations.asked == []
    assert "Set-Cookie" not in headers(ask(route()))


def test_the_token_of_the_page_is_that_of_the_browser(route):
    page = ask(route(actions=True))
    cookie = headers(page)["Set-Cookie"]
    (token,) = re.findall(r'name="token" value="([^"]+)"', page.content.decode())
    assert cookie.startswith(f"{COOKIE}={token};")
    assert "SameSite=Strict" in cookie
    assert "HttpOnly" in cookie


def test_nothing_is_done_for_another_site(route, operations):
    one = route(actions=True)
    assert post(one, cookie="u" * 43, reload="all").status == 403
    assert post(one, token="", reload="all").status == 403
    foreign = ask(
        one,
        "do",
        method="POST",
        Content_Type=FORM,
        Origin="https://evil.test",
        Cookie=f"{COOKIE}={TOKEN}",
        body=f"token={TOKEN}&reload=all".encode(),
    )
    assert foreign.status == 403
    assert operations.asked == []


def test_a_script_is_told_what_became_of_it(route, operations, made):
    operations.outcome = made.outcome(done=False, text="2 problems\0", problems=("a\0",))
    answer = post(route(actions=True), reload="all")
    assert json.loads(answer.content) == {"done": False, "text": "2 problems\\x00", "problems": ["a\\x00"]}


def test_a_browser_without_scripts_gets_a_page(route, operations, made):
    operations.outcome = made.outcome(done=False, text="2 <problems>", problems=("a",))
    page = post(route(actions=True), "text/html", reload="all").content.decode()
    assert '<p class="result" data-is="bad">2 &lt;problems&gt;</p>' in page
    assert "<li><code>a</code></li>" in page.replace(' data-key="0"', "")


def test_what_does_harm_is_asked_about(route, operations):
    one = route(actions=True)
    assert "0-1" in json.loads(post(one, kill="0-1").content)["question"]
    page = post(one, "text/html", kill='"><b>').content.decode()
    assert '<button class="danger" name="kill" value="&quot;&gt;&lt;b&gt;">' in page
    assert operations.asked == []
    post(one, kill="0-1", confirmed="yes")
    assert operations.asked == [("kill", "0-1")]


def test_a_form_that_is_none(route):
    assert post(route(actions=True), nothing="").status == 400


def test_the_page_of_a_channel(route, operations, made):
    operations.now = made.status(channels=(made.channel(),))
    operations.channels.messages = [made.message(1, b"<hello>")]
    quiet = ask(route(), query="channel=readings").content.decode()
    assert "hello" not in quiet, "what is said is for those who may see it"
    assert "dashboard: {tap: true}" in quiet
    page = ask(route(tap=True), query="channel=readings").content.decode()
    assert "&lt;hello&gt;" in page
    missing = ask(route(), query="channel=nothing")
    assert (missing.status, str(missing.detail)) == (404, "There is no channel of that name")


def test_the_page_of_a_channel_whose_messages_are_not_known(route, operations, made):
    operations.now = made.status(channels=(made.channel(),))
    operations.channels.messages = OperationError("the store does not answer")
    assert b"It is not known which there are." in ask(route(tap=True), query="channel=readings").content
