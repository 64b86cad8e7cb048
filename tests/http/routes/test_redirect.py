from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Query, RedirectRoute, Request


@pytest.mark.parametrize(
    ("to", "rest", "query", "location"),
    [
        ("/new/", "", "", "/new/"),
        ("/new/", "a/b", "c=d&e=%20", "/new/a/b?c=d&e=%20"),
        ("/new", "a", "", "/new"),
        ("/new/", "é x", "", "/new/%C3%A9%20x"),
        ("/new?a=1", "", "b=2", "/new?a=1&b=2"),
        ("/new#here", "", "b=2", "/new?b=2#here"),
        ("https://b.test/", "x", "", "https://b.test/x"),
        ("https://b.test", "x", "", "https://b.test"),
        ("/", "/evil.test", "", "/evil.test"),
        ("/", "//evil.test", "", "/evil.test"),
        ("/", "\\evil.test", "", "/%5Cevil.test"),
    ],
)
def test_where_it_leads(to: str, rest: str, query: str, location: str) -> None:
    request = Request("GET", "/old/" + rest, Query(query))
    assert RedirectRoute(to).location(request, rest) == location


@given(st.text(alphabet="/\\.:@evil%?# \t", max_size=12))
def test_nothing_a_client_writes_makes_it_another_host(rest: str) -> None:
    location = RedirectRoute("/").location(Request("GET", "/" + rest), rest)
    assert location.startswith("/")
    assert location[1:2] not in ("/", "\\")
    assert location.isprintable()


@pytest.mark.parametrize(
    "to", ["", "new", "javascript:alert(1)", "ftp://a/", "/a b", "/a\r\nX: y", "http://", "/\\a"]
)
def test_a_place_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        RedirectRoute(to)


@pytest.mark.parametrize("status", [200, 300, 304, 305])
def test_a_status_that_does_not_redirect_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="redirect"):
        RedirectRoute("/", status)


def test_it_answers_every_method_with_the_status_it_was_given(connect) -> None:
    client = connect({"/old/": RedirectRoute("/new/", 307), "/gone": RedirectRoute("/here")})
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = client.ask(method, "/old/x?y=z")
        assert (answer.status, answer.headers["Location"]) == (307, "/new/x?y=z")
    assert client.ask("GET", "/gone").status == 308


def test_a_request_cannot_reach_another_host_through_two_slashes(connect) -> None:
    client = connect({"/": RedirectRoute("/")})
    for path in ("//evil.test", "/%2Fevil.test", "/%5Cevil.test", "/\\evil.test"):
        location = client.ask("GET", path).headers["Location"]
        assert location[1] not in "/\\"
