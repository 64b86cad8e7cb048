"""Paths on their way to an origin, and Locations on their way back."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import HTTPError
from protocols.http.routes.proxy.mapping import origin_target, own_location
from protocols.http.target import split_target


def mapped(target: str, mount: str, base: str | None) -> str:
    path, _ = split_target(target)
    assert path.startswith(mount)
    return origin_target(target, path, path[len(mount) :], base).decode()


@pytest.mark.parametrize(
    ("target", "mount", "base", "expected"),
    [
        ("/api/x", "/api/", None, "/api/x"),
        ("/api/x", "/api/", "/", "/x"),
        ("/api/x?a=b%20c&/../", "/api/", "/base/", "/base/x?a=b%20c&/../"),
        ("/api/?", "/api/", "/base/", "/base/?"),
        ("/api/", "/api/", "/base", "/base"),
        ("/api/x/", "/api/", "/base", "/base/x/"),
        ("/api", "/api", "/other", "/other"),
        ("/a%70i/x%2Fy%20z", "/api/", "/b/", "/b/x%2Fy%20z"),
        ("/api%2fx", "/api/", "/b/", "/b/x"),
        ("/%C3%A4/%C3%B6", "/ä/", "/b/", "/b/%C3%B6"),
        ("/api/%252e%252e/x", "/api/", "/b/", "/b/%252e%252e/x"),
        ('/api/a"b{c}|d', "/api/", "/b/", "/b/a%22b%7Bc%7D%7Cd"),
        ("/api/a\\b", "/api/", "/b/", "/b/a%5Cb"),
        ("http://a.test/api/x?y", "/api/", "/b/", "/b/x?y"),
        ("http://a.test", "/", "/b/", "/b/"),
        ("http://a.test?y", "/", None, "/?y"),
    ],
)
def test_the_rest_goes_along_as_it_was_written(target, mount, base, expected) -> None:
    assert mapped(target, mount, base) == expected


@pytest.mark.parametrize(
    "path",
    ["/p/..;/x", "/p/.;a=b/x", "/p/..%5cx", "/p/x%5C..%5c..", "/p/%2e%2e;x", "/p/x/..%3b/y", "//evil/x"],
)
@pytest.mark.parametrize("base", [None, "/"])
def test_what_servers_read_differently_is_refused(path: str, base: str | None) -> None:
    with pytest.raises(HTTPError) as raised:
        mapped(path, "/", base)
    assert raised.value.status == 400


@pytest.mark.parametrize("path", ["/p//evil/x", "/p/%2Fevil/x", "/p/a//b", "/p/a%5C/b"])
@pytest.mark.parametrize("base", [None, "/", "/base/"])
def test_empty_segments_are_passed_to_nobody(path: str, base: str | None) -> None:
    """Some origins leave them out: the path would be another's, or a host's name."""
    with pytest.raises(HTTPError):
        mapped(path, "/p/", base)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"]), min_size=1), st.booleans())
def test_the_origin_reads_what_we_have_read(text: str, eager: bool) -> None:
    written = "/%6Dount/" + (quote(text, safe="") if eager else quote(text))
    try:
        path, _ = split_target(written)
        found = origin_target(written, path, path.removeprefix("/mount/"), "/base/")
    except HTTPError:
        return
    assert unquote(found.decode("ascii")) == "/base/" + text


OURS = {"authority": "10.0.0.1:9000", "host": "a.test", "mount": "/p/"}


@pytest.mark.parametrize(
    ("location", "base", "expected"),
    [
        ("/base/x?y#z", "/base/", "/p/x?y#z"),
        ("http://10.0.0.1:9000/base/x", "/base/", "/p/x"),
        ("https://a.test/base/x", "/base/", "https://a.test/p/x"),
        ("HTTP://A.test/base/", "/base/", "HTTP://A.test/p/"),
        ("/base", "/base", "/p/"),
        ("/base/x", "/base", "/p/x"),
        ("/based", "/base", "/based"),
        ("/x", "/base/", "/x"),
        ("x", "/base/", "x"),
        ("?x", "/base/", "?x"),
        ("//evil.test/base/", "/base/", "//evil.test/base/"),
        ("http://b.test/base/x", "/base/", "http://b.test/base/x"),
        ("/x", None, "/x"),
        ("http://10.0.0.1:9000/x", None, "/x"),
        ("https://a.test/x", None, "https://a.test/x"),
        ("mailto:a@b.test", "/", "mailto:a@b.test"),
        ("http://10.0.0.1:9000//evil.test", "/", "http://10.0.0.1:9000//evil.test"),
        ("//evil.test", "/", "//evil.test"),
    ],
)
def test_where_a_location_leads(location: str, base: str | None, expected: str) -> None:
    assert own_location(location, base=base, **OURS) == expected
