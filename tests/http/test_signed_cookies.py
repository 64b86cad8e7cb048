from __future__ import annotations

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import Headers, Request, Response, SignedCookies

OLD, NEW = "o" * 32, b"n" * 32
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def sent(cookies: SignedCookies, value: object, name: str = "session") -> str:
    """What the browser keeps: ``name=value``."""
    response = Response("x")
    cookies.set(response, name, value)
    ((header, line),) = response.headers
    assert header == "Set-Cookie"
    return line.partition(";")[0]


def request(cookie: str) -> Request:
    return Request("GET", "/", headers=Headers([("Cookie", cookie)]))


@given(JSON)
def test_any_value_comes_back(value: object) -> None:
    cookies = SignedCookies(NEW)
    assert cookies.get(request(sent(cookies, value)), "session", default="absent") == value


def test_the_browser_keeps_it_as_long_as_it_is_believed() -> None:
    response = Response("x")
    SignedCookies(NEW, max_age=60).set(response, "a", 1, path="/x")
    assert "; Path=/x; Max-Age=60; Secure; HttpOnly; SameSite=Lax" in response.headers[0][1]
    SignedCookies(NEW).delete(response, "a", path="/x")
    assert response.headers[1][1].startswith("a=; Path=/x; Max-Age=0")


def test_every_change_makes_it_absent() -> None:
    cookies = SignedCookies(NEW)
    name, _, value = sent(cookies, {"user": 1}).partition("=")
    for at in range(len(value)):
        changed = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        # The last digit of base64 may say the same with other bits.
        if at != len(value) - 1:
            assert cookies.get(request(f"{name}={changed}"), name) is None
    assert cookies.get(request(f"{name}={value}x"), name) is None


@pytest.mark.parametrize("cookie", ["", "session=", "session=a.b.c", "session=é.ü", "session=..", "other=1"])
def test_what_was_never_signed(cookie: str) -> None:
    assert SignedCookies(NEW).get(request(cookie), "session", "absent") == "absent"


def test_the_value_of_one_cookie_is_not_that_of_another() -> None:
    cookies = SignedCookies(NEW)
    value = sent(cookies, "ann", "nickname").partition("=")[2]
    assert cookies.get(request(f"user={value}"), "user") is None


def test_secrets_change() -> None:
    old = sent(SignedCookies(OLD), 1)
    both = SignedCookies([NEW, OLD])
    assert both.get(request(old), "session") == 1
    new = sent(both, 2)
    assert SignedCookies(NEW).get(request(new), "session") == 2
    assert SignedCookies(OLD).get(request(new), "session") is None
    assert SignedCookies(NEW).get(request(old), "session") is None


def test_what_is_too_old_is_absent(monkeypatch) -> None:
    now = 1_000_000
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda self: now)
    cookies = SignedCookies(NEW, max_age=60)
    cookie = sent(cookies, 1)
    now += 60
    assert cookies.get(request(cookie), "session") == 1
    now += 1
    assert cookies.get(request(cookie), "session") is None
    now -= 100  # before it was signed
    assert cookies.get(request(cookie), "session") is None


def test_what_cannot_be_kept() -> None:
    cookies = SignedCookies(NEW)
    with pytest.raises(ValueError, match="4096"):
        cookies.set(Response("x"), "a", [hash(str(n)) for n in range(1000)])
    with pytest.raises(TypeError):
        cookies.set(Response("x"), "a", object())


@pytest.mark.parametrize("secrets", ["short", b"", [], ["l" * 32, "short"]])
def test_secrets_that_can_be_guessed(secrets: object) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        SignedCookies(secrets)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_age"):
        SignedCookies(NEW, max_age=0)


def test_no_secret_is_shown() -> None:
    assert "nnn" not in repr(SignedCookies(NEW))
