"""Whether it is the page that asks."""

from __future__ import annotations

import pytest

from protocols.daemon.dashboard.token import COOKIE, check_token, give_token, token_for
from protocols.http import Headers, HTTPError, Request, Response

TOKEN = "t" * 43


def request(cookie: str | None = TOKEN, scheme: str = "http", **headers: str) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if cookie is not None:
        fields.append(("Cookie", f"{COOKIE}={cookie}"))
    return Request("POST", "/do", headers=Headers(fields), host="localhost:8080", scheme=scheme)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://localhost:8080", "Sec_Fetch_Site": "same-origin"},
    ],
)
def test_the_page(headers):
    check_token(request(**headers), TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_the_page_of_another_site(headers):
    with pytest.raises(HTTPError, match="another site"):
        check_token(request(**headers), TOKEN)


@pytest.mark.parametrize(
    ("cookie", "token"),
    [
        (None, ""),
        (None, TOKEN),
        ("", ""),
        (TOKEN, ""),
        (TOKEN, "u" * 43),
        ("short", "short"),
        (TOKEN, "é" * 43),
    ],
)
def test_a_token_that_is_none(cookie, token):
    with pytest.raises(HTTPError, match="out of date"):
        check_token(request(cookie), token)


def test_a_browser_keeps_its_token():
    assert token_for(request()) == TOKEN
    response = Response()
    give_token(request(), response, TOKEN)
    assert response.headers == ()


@pytest.mark.parametrize("cookie", [None, "x", '"><script>'])
def test_a_browser_that_has_none_gets_one(cookie):
    token = token_for(request(cookie))
    assert token != token_for(request(cookie))
    for scheme, secure in (("http", ""), ("https", "; Secure")):
        response = Response()
        give_token(request(cookie, scheme), response, token)
        assert response.headers == (("Set-Cookie", f"{COOKIE}={token}{secure}; HttpOnly; SameSite=Strict"),)
