from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Headers, Request, Response
from protocols.http.cookies import cookie_line, parse_cookies

NAMES = st.text("abcXYZ019_-!#$%&'*+.^`|~", min_size=1, max_size=12)
VALUES = st.text([chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\'], max_size=20)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_was_sent_is_what_is_read(cookies: dict[str, str]) -> None:
    assert parse_cookies(["; ".join(f"{name}={value}" for name, value in cookies.items())]) == cookies


@given(NAMES, VALUES)
def test_the_standard_library_reads_what_is_set(name: str, value: str) -> None:
    line = cookie_line(name, value, domain="example.org", max_age=5, secure=True, same_site="lax")
    # http.cookies knows no cookie that begins with a dollar sign, nor one called as an attribute.
    if not name.startswith("$") and name.lower() not in ("path", "domain", "secure"):
        (morsel,) = SimpleCookie(line).values()
        assert (morsel.key, morsel.value) == (name, value)
        assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "example.org", "5")
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("line", "cookies"),
    [
        ("", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ("a=1; a=2", {"a": "1"}),
        ('a="x y"', {"a": "x y"}),
        ('a="', {"a": '"'}),
        ("a=b=c", {"a": "b=c"}),
        ("a=", {"a": ""}),
        ("=b; a; ; c=d", {"c": "d"}),
        (" a = b ", {"a": "b"}),
        ("a=é", {"a": "é"}),
        ("a=[1,2]", {"a": "[1,2]"}),
    ],
)
def test_what_clients_send(line: str, cookies: dict[str, str]) -> None:
    assert parse_cookies([line]) == cookies
    assert Request("GET", "/", headers=Headers([("Cookie", line)])).cookies == cookies


def test_cookies_of_several_headers() -> None:
    headers = Headers([("cookie", "a=1"), ("Cookie", "b=2; a=3")])
    assert Request("GET", "/", headers=headers).cookies == {"a": "1", "b": "2"}
    assert Request("GET", "/").cookies == {}


def test_what_a_cookie_is_unless_said() -> None:
    assert cookie_line("a", "b") == "a=b; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert cookie_line("a", "", path=None, secure=False, http_only=False, same_site=None) == "a="


def test_the_end_of_a_cookie() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    assert "Expires=Fri, 02 Jan 2026 02:04:05 GMT" in cookie_line("a", "b", expires=at)
    assert "Max-Age=-5" in cookie_line("a", "b", max_age=-5)
    assert cookie_line("a", "b", expires=at.astimezone(UTC)) == cookie_line("a", "b", expires=at)


@pytest.mark.parametrize(
    ("name", "value", "attributes"),
    [
        ("", "x", {}),
        ("a b", "x", {}),
        ("a=b", "x", {}),
        ("é", "x", {}),
        ("a", "x;y", {}),
        ("a", "x y", {}),
        ("a", "x,y", {}),
        ("a", 'x"', {}),
        ("a", "x\r\nSet-Cookie: b=c", {}),
        ("a", "é", {}),
        ("a", "x", {"path": "/;Secure"}),
        ("a", "x", {"domain": "a\nb"}),
        ("a", "x", {"expires": datetime(2026, 1, 1)}),
        ("a", "x", {"same_site": "none", "secure": False}),
        ("__Secure-a", "x", {"secure": False}),
        ("__Host-a", "x", {"path": "/x"}),
        ("__Host-a", "x", {"domain": "example.org"}),
    ],
)
def test_what_no_browser_would_keep(name: str, value: str, attributes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="cookie"):
        cookie_line(name, value, **attributes)  # type: ignore[arg-type]


def test_a_response_sets_and_deletes(serve) -> None:
    def set_both(request: Request) -> Response:
        response = Response("x")
        response.set_cookie("a", request.cookies.get("a", "") + "1", max_age=9)
        response.delete_cookie("b", path="/b")
        return response

    answer = serve(set_both).ask("GET", "/f", Cookie="a=0")
    assert answer.headers.get_all("Set-Cookie") == [
        "a=01; Path=/; Max-Age=9; Secure; HttpOnly; SameSite=Lax",
        "b=; Path=/b; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
    ]
