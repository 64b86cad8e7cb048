from __future__ import annotations

import pytest
from twisted.web.resource import Resource
from twisted.web.util import Redirect, redirectTo

OLD_PAGES = pytest.mark.filterwarnings("ignore:twisted.web.resource._Unsafe:DeprecationWarning")
"""Twisted's own error pages complain of themselves."""


GET = b"GET /app/ HTTP/1.1\r\nHost: a.test\r\n\r\n"


@OLD_PAGES
def test_children_are_found_below_the_place_of_the_route(site, rendered) -> None:
    seen = []

    def answer(request) -> bytes:
        seen.append((request.prepath, request.postpath, request.uri, request.prePathURL()))
        return b""

    root, child = Resource(), Resource()
    root.putChild(b"child", child)
    child.putChild(b"", rendered(answer))
    child.putChild(b"leaf", rendered(answer))
    client = site(root)
    assert client.ask("GET", "/app/child/").status == 200
    assert client.ask("GET", "/app/child/leaf/a%20b/c?d").status == 200
    assert client.ask("GET", "/app/none").status == 404
    assert seen == [
        ([b"app", b"child", b""], [], b"/app/child/", b"http://a.test/app/child/"),
        (
            [b"app", b"child", b"leaf"],
            [b"a b", b"c"],
            b"/app/child/leaf/a%20b/c?d",
            b"http://a.test/app/child/leaf",
        ),
    ]


def test_at_the_root(site, rendered) -> None:
    root = Resource()
    root.putChild(b"", rendered(lambda request: b"top"))
    assert site(root, "/").ask("GET", "/").body == b"top"


def test_forms_and_their_mistakes(site) -> None:
    client = site(lambda request: request.args[b"a"][0])
    form = "application/x-www-form-urlencoded"
    assert client.ask("POST", "/app/", b"a=1+2", Content_Type=form).body == b"1 2"
    multipart = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n34\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert client.ask("POST", "/app/", multipart, Content_Type=kind).body == b"34"
    assert client.ask("POST", "/app/", b"none", Content_Type="multipart/form-data").status == 400


def test_redirects_and_cookies(site) -> None:
    def answer(request) -> bytes:
        request.addCookie(b"a", request.getCookie(b"b"))
        return redirectTo(b"/there", request)

    got = site(answer).ask("GET", "/app/", Cookie="b=5")
    assert (got.status, got.headers["Location"], got.headers["Set-Cookie"]) == (302, "/there", "a=5")
    assert site(Redirect(b"/x")).ask("GET", "/app/").headers["Location"] == "/x"


def test_sessions_are_kept_and_end_with_the_route(site, clock) -> None:
    def answer(request) -> bytes:
        session = request.getSession()
        session.count = getattr(session, "count", 0) + 1
        return b"%d" % session.count

    client = site(answer)
    first = client.ask("GET", "/app/")
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("TWISTED_SESSION_app=")
    assert client.ask("GET", "/app/", Cookie=cookie).body == b"2"
    client.leave()
    client.factory.stop()
    assert clock.getDelayedCalls() == []


def test_who_asks(site) -> None:
    seen = []

    def answer(request) -> bytes:
        address = request.getClientAddress()
        seen.append((address.host, address.port, request.isSecure(), request.getRequestHostname()))
        return b""

    site(answer).ask("GET", "/app/")
    assert seen == [("192.0.2.7", 4321, False, b"a.test")]
